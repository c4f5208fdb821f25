import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { test } from 'node:test'
import { answering, captureStderr, fixture, launch, serve, writeApp } from '../helpers/app.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')

interface State {
  pid: number
  title: string
  cwd: string
  argv: string[]
  execArgv: string[]
  env: Record<string, string | undefined>
  loaded: string[]
}

async function stateOf(port: number): Promise<State> {
  return JSON.parse((await fetchOnce(port, '/state')).body) as State
}

test(`With workerBind 'port' each worker has a free port of its own`, async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2, workerBind: 'port' })
  const ports = srv.workers.map(worker => worker.port)
  assert.equal(new Set(ports).size, 2)
  for (const workerPort of ports) {
    assert.ok(workerPort !== undefined && workerPort > 0)
    assert.equal((await fetchOnce(workerPort, '/pid')).status, 200)
  }
  const load = new Load(port, 4, true)
  await load.answered(20)
  await srv.reload()
  await load.answered(20)
  assert.deepEqual((await load.stop()).failed, [])
})

test('`title` names the master and the workers', async t => {
  const before = process.title
  t.after(() => (process.title = before))
  const { port } = await serve(t, app, { numWorkers: 1, title: 'shop' })
  assert.equal(process.title, 'shop master')
  assert.equal((await stateOf(port)).title, 'shop worker')
})

test('`cwd` is the working directory of the workers, and the base of the path of the module', async t => {
  const cwd = fixture('')
  const { srv, port } = await serve(t, 'app.mjs', { numWorkers: 1, cwd })
  assert.equal(srv.file, app)
  assert.equal((await stateOf(port)).cwd, realpathSync(cwd))
})

test('`args` are the arguments of the app', async t => {
  const { port } = await serve(t, app, { numWorkers: 1, args: ['--verbose', ''] })
  assert.deepEqual((await stateOf(port)).argv, [app, '--verbose', ''])
})

test('`env` is merged over the environment of the master; undefined removes a name', async t => {
  process.env['TEST_A'] = 'master'
  process.env['TEST_B'] = 'master'
  t.after(() => {
    delete process.env['TEST_A']
    delete process.env['TEST_B']
  })
  const { port } = await serve(t, app, { numWorkers: 1, env: { TEST_A: 'worker' } })
  assert.deepEqual((await stateOf(port)).env, { TEST_A: 'worker', TEST_B: 'master' })
  const other = await serve(t, app, { numWorkers: 1, env: { TEST_B: undefined } })
  assert.deepEqual((await stateOf(other.port)).env, { TEST_A: 'master' })
})

test('`execArgv` are the arguments of node for the workers', async t => {
  const { port } = await serve(t, app, { numWorkers: 1, execArgv: ['--no-warnings', '--stack-size=900'] })
  assert.deepEqual((await stateOf(port)).execArgv, ['--no-warnings', '--stack-size=900'])
})

test('An argument that node does not know fails with what node says', async t => {
  captureStderr(t)
  const { srv } = await launch(t, app, { numWorkers: 1, execArgv: ['--no-such-option'] })
  assert.match((await nextEvent(srv, 'fail')).message, /exited with code 9[^]*--no-such-option/)
})

test('`requires` are loaded in order before the module, CommonJS or ESM', async t => {
  const requires = [fixture('requires/one.cjs'), './requires/two.mjs', './requires/three']
  const { port } = await serve(t, app, { numWorkers: 1, requires, cwd: fixture('') })
  assert.deepEqual((await stateOf(port)).loaded, ['one', 'two', 'three'])
})

test('`requires` finds packages, such as tsx for a module in TypeScript', async t => {
  const { port } = await serve(t, fixture('typescript/app.ts'), {
    numWorkers: 1,
    requires: 'tsx',
    cwd: fixture('typescript'),
    env: { TSX_DISABLE_CACHE: '1' }
  })
  assert.equal((await fetchOnce(port, '/x')).body, 'typed: GET /x')
})

test('A file of `requires` that does not exist fails the start with its name', async t => {
  captureStderr(t)
  const { srv } = await launch(t, app, { numWorkers: 1, requires: './none.js' })
  assert.match((await nextEvent(srv, 'fail')).message, /Cannot find module '.\/none\.js'/)
})

test('An exception in a file of `requires` fails the start with its stack', async t => {
  captureStderr(t)
  const { folder, file } = writeApp(t, answering(''), { 'first.cjs': 'throw new Error("no tracing")' })
  const { srv } = await launch(t, file, { numWorkers: 1, requires: './first.cjs', cwd: folder })
  assert.match((await nextEvent(srv, 'fail')).message, /Error: no tracing\n {4}at [^]*first\.cjs/)
})

test('A temporary folder with a long path is not used for sockets', async t => {
  const before = process.env['TMPDIR']
  t.after(() => (process.env['TMPDIR'] = before))
  const { folder, file } = writeApp(t, answering('short'), { [`${'long/'.repeat(20)}file`]: '' })
  process.env['TMPDIR'] = `${folder}/${'long/'.repeat(20)}`
  const { port } = await serve(t, file, { numWorkers: 1 })
  assert.equal((await fetchOnce(port)).body, 'short')
})
