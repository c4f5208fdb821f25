import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { appText, get } from '../helpers/cli-app.js'
import { startUp } from '../helpers/cli-process.js'
import { freePort } from '../helpers/listens.js'
import { tempFolder } from '../helpers/watch-folder.js'

function listening(port: number, host?: string): string {
  const where = host === undefined ? `${port}` : `${port}, '${host}'`
  return `require('node:http').createServer((req, res) => res.end('own')).listen(${where})`
}

test("Without --port the app's own port is served, whatever PORT says", async t => {
  const port = await freePort()
  const cwd = tempFolder(t, { 'app.js': listening(port) })
  const up = startUp(t, ['-n', '2', 'app.js'], { cwd, env: { PORT: '1' } })
  const url = await up.url()
  assert.equal(url, `http://localhost:${port}`)
  assert.equal(await get(url), 'own')
})

test("--port and --host win over the app's own", async t => {
  const port = await freePort()
  const cwd = tempFolder(t, { 'app.js': listening(port) })
  const up = startUp(t, ['-n', '1', '-p', '0', 'app.js'], { cwd })
  const url = await up.url()
  assert.notEqual(new URL(url).port, String(port))
  assert.equal(await get(url), 'own')

  const local = startUp(t, ['-n', '1', '--host', '127.0.0.1', 'app.js'], { cwd })
  assert.equal(await local.url(), `http://127.0.0.1:${port}`)
  assert.equal(await get(`http://127.0.0.1:${port}`), 'own')
  await assert.rejects(get(`http://127.0.0.2:${port}`))
})

test('An app that leaves its port to up gets that of PORT, once its first worker has said so', async t => {
  const port = await freePort()
  const cwd = tempFolder(t, { 'app.js': appText('exported') })
  const up = startUp(t, ['-n', '1', 'app.js'], { cwd, env: { PORT: String(port) } })
  assert.equal(await get(await up.url()), 'exported')
})

/** A port on which another process listens, as far as `up` can see. */
async function takenPort(t: TestContext): Promise<number> {
  const other = createServer().listen(0)
  t.after(() => other.close())
  await once(other, 'listening')
  return (other.address() as AddressInfo).port
}

test("The app's own port, where it is taken, gives one error and exit code 1", async t => {
  const port = await takenPort(t)
  const cwd = tempFolder(t, { 'app.js': listening(port) })
  const up = startUp(t, ['-n', '2', '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await up.exited, 1)
  const errors = up.lines.filter(line => /cannot listen|EADDRINUSE/.test(line))
  assert.deepEqual(errors, [
    `up: cannot listen on all interfaces, port ${port}: the port is taken by another process (EADDRINUSE)`
  ])
})

for (const transport of ['proxy', 'handoff']) {
  test(`An app that takes the next port where one is taken is served there, by ${transport}`, async t => {
    const [taken, next] = [await takenPort(t), await freePort()]
    const cwd = tempFolder(t, {
      'app.js': `${listening(taken)}.once('error', function () { this.listen(${next}) })`
    })
    const up = startUp(t, ['-n', '2', '--transport', transport, 'app.js'], { cwd })
    assert.equal(await up.url(), `http://localhost:${next}`)
    assert.equal(await get(`http://localhost:${next}`), 'own')
    for (let i = 0; i < 2; i++) await up.line(/worker \d+ is ready/)
    up.proc.kill('SIGUSR2')
    await up.line(/reloaded in/)
    assert.equal(await get(`http://localhost:${next}`), 'own')
    assert.doesNotMatch(up.lines.join('\n'), /cannot listen|EADDRINUSE|failed/)
  })
}

for (const [what, handler] of [
  ['gives up', "console.error('no port'); process.exit(3)"],
  ['goes on without a port', 'setInterval(() => {}, 1000)']
] as const) {
  test(`An app that ${what} where its port is taken ends the command, with one error of up's`, async t => {
    const port = await takenPort(t)
    const cwd = tempFolder(t, { 'app.js': `${listening(port)}.on('error', () => { ${handler} })` })
    const up = startUp(t, ['-n', '2', '--ready-timeout', '2s', 'app.js'], { cwd })
    assert.equal(await up.exited, 1)
    const errors = up.lines.filter(line => /cannot|failed|did not|EADDRINUSE/.test(line))
    assert.deepEqual(errors, [
      `up: cannot listen on all interfaces, port ${port}: the port is taken by another process (EADDRINUSE)`
    ])
  })
}

for (const [how, args] of [
  ['at its own port', []],
  ['with --port instead', ['-p', '0']]
] as const) {
  test(`An app with a TCP server is served by its workers themselves, ${how}`, async t => {
    const cwd = tempFolder(t, {
      'app.js': `require('node:net').createServer(socket => socket.end('HTTP/1.1 200 OK\\r\\n\\r\\nnet')).listen(0)`
    })
    const up = startUp(t, ['-n', '2', ...args, 'app.js'], { cwd })
    const [, port] = await up.line(/listening on tcp:\/\/localhost:(\d+)/)
    assert.equal(await get(`http://127.0.0.1:${port}`), 'net')
  })
}
