import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { UpServer } from '#lib/server/up-server.js'
import { checkAppPackage } from '#lib/worker/app-package.js'
import { answering, serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { processes } from '../helpers/leftovers.js'
import { message } from '../helpers/wait.js'

const pkg = (version: string, node?: string): string => JSON.stringify({ version, engines: { node } })

test(`The version of the app's package.json is read anew at each reload`, async t => {
  const app = writeApp(t, answering(''), { 'package.json': pkg('1.4.0') })
  const { srv } = await serve(t, app.file, { numWorkers: 1 })
  assert.equal(srv.status().version, '1.4.0')
  assert.equal(srv.workers[0]?.version, '1.4.0')
  app.write(pkg('1.5.0'), 'package.json')
  const { version } = await srv.reload()
  assert.equal(version, '1.5.0')
  assert.equal(srv.status().version, '1.5.0')
})

test('Each worker shows the version of its own generation', async t => {
  const app = writeApp(
    t,
    `process.on('SIGUSR2', () => answer?.end()); let answer
     export default (req, res) => { answer = res; process.send('waiting') }`,
    { 'package.json': pkg('1.4.0') }
  )
  const { srv, port } = await serve(t, app.file, { numWorkers: 1 })
  const [old] = srv.workers
  assert.ok(old)
  const waiting = message(old, 'waiting')
  const answer = fetchOnce(port)
  await waiting
  app.write(pkg('1.5.0'), 'package.json')
  await srv.reload()
  assert.deepEqual(
    srv.status().workers.map(({ generation, version }) => [generation, version]),
    [
      [1, '1.4.0'],
      [2, '1.5.0']
    ]
  )
  old.proc.kill('SIGUSR2')
  await answer
})

test('A start fails, before any worker, when engines.node does not allow this Node', async t => {
  const app = writeApp(t, answering(''), { 'package.json': pkg('1.0.0', '>=99') })
  const server = createServer()
  assert.throws(() => new UpServer(server, app.file), {
    code: 'UP_ERR_ENGINE',
    message: `${app.folder}/package.json asks for Node >=99 (engines.node), but this is ${process.version}`
  })
  assert.equal(server.listenerCount('request'), 0)
  const { until } = await import('../helpers/wait.js')
  await until(() => processes().length === 0)
})

test('A reload fails, before any worker, when engines.node does not allow this Node', async t => {
  const app = writeApp(t, answering('old'), { 'package.json': pkg('1.0.0', '>=20') })
  const { srv, port, failures } = await serve(t, app.file, { numWorkers: 1 })
  app.write(pkg('2.0.0', '>=99'), 'package.json')
  const reload = srv.reload()
  assert.equal(srv.spawning.length, 0)
  await assert.rejects(reload, { code: 'UP_ERR_RELOAD', message: /asks for Node >=99 \(engines\.node\)/ })
  assert.equal(failures.length, 1)
  assert.equal((failures[0]?.cause as { code: string }).code, 'UP_ERR_ENGINE')
  assert.equal((await fetchOnce(port)).body, 'old')
  assert.deepEqual([srv.generation, srv.status().version], [1, '1.0.0'])
})

test('The nearest package.json counts', t => {
  const app = writeApp(t, '', { 'package.json': pkg('1.0.0'), 'lib/server.js': '' })
  assert.equal(checkAppPackage(`${app.folder}/lib/server.js`), '1.0.0')
  app.write(pkg('2.0.0'), 'lib/package.json')
  assert.equal(checkAppPackage(`${app.folder}/lib/server.js`), '2.0.0')
  app.write('{}', 'lib/package.json')
  assert.equal(checkAppPackage(`${app.folder}/lib/server.js`), undefined)
})

for (const [engine, node, allowed] of [
  ['>=20.19', 'v20.19.0', true],
  ['>=20.19', 'v20.18.3', false],
  ['^20 || ^22', 'v22.1.0', true],
  ['^20 || ^22', 'v21.0.0', false],
  ['20', 'v20.20.2', true],
  ['>=24', 'v24.0.0-nightly20250101', true],
  ['*', 'v26.0.0', true],
  ['', 'v26.0.0', true],
  ['lts', 'v26.0.0', true]
] as const) {
  test(`engines.node ${JSON.stringify(engine)} ${allowed ? 'allows' : 'does not allow'} Node ${node}`, t => {
    const { file } = writeApp(t, '', { 'package.json': pkg('1.0.0', engine) })
    if (allowed) assert.equal(checkAppPackage(file, node), '1.0.0')
    else assert.throws(() => checkAppPackage(file, node), { code: 'UP_ERR_ENGINE' })
  })
}

for (const text of [
  '{',
  '[]',
  'null',
  '5',
  '{"version": 5, "engines": "node"}',
  '{"engines": {"node": 20}}'
]) {
  test(`A package.json with ${text} has no version and no engine`, t => {
    const { file } = writeApp(t, '', { 'package.json': text })
    assert.equal(checkAppPackage(file), undefined)
  })
}
