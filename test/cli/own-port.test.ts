import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
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

test("The app's own port, where it is taken, gives one error and exit code 1", async t => {
  const other = createServer().listen(0)
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const cwd = tempFolder(t, { 'app.js': listening(port) })
  const up = startUp(t, ['-n', '2', '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await up.exited, 1)
  const errors = up.lines.filter(line => /cannot listen|EADDRINUSE/.test(line))
  assert.deepEqual(errors, [
    `up: cannot listen on all interfaces, port ${port}: the port is taken by another process (EADDRINUSE)`
  ])
})

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
