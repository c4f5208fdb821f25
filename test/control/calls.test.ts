import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Feed } from '#lib/control/feed.js'
import { handleCalls } from '#lib/control/handle.js'
import type { Steered } from '#lib/control/steered.js'
import { call, startSteered, type Answer } from '../helpers/control.js'
import { exchange } from '../helpers/raw-call.js'
import { tempFolder } from '../helpers/watch-folder.js'

function errorOf({ json }: Answer): { code: string; message: string } {
  return (json as { error: { code: string; message: string } }).error
}

/** The API of something that only notes what it is told. */
async function startApi(t: TestContext, verbs: Partial<Steered> = {}): Promise<string> {
  const steered = { feed: new Feed(), status: () => ({}), ready: () => true, stop: () => {}, ...verbs }
  const server: Server = createServer(handleCalls(steered as unknown as Steered))
  const path = join(tempFolder(t), 'api.sock')
  await once(server.listen(path), 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return path
}

test('A wrong value is answered with 400, and named as in the body of the call', async t => {
  const { socket } = await startSteered(t, [], 1)
  for (const [path, body, message] of [
    ['/scale', { workers: 'a' }, 'workers is "a", but must be a whole number from 1 to 1024'],
    ['/scale', {}, 'workers is undefined, but must be a whole number from 1 to 1024'],
    ['/scale', { n: 1 }, 'a parameter is "n", but must be one of \'workers\''],
    ['/pause', { timeout: 'soon' }, 'timeout is "soon", but must be a duration: '],
    ['/pause', { holdTimeout: -1 }, 'holdTimeout is -1, but must be a duration: '],
    ['/pause', { wait: 1 }, 'wait is 1, but must be true or false'],
    ['/pause', { timeout: 'x', wait: false }, 'timeout is "x", but must be a duration: '],
    ['/resume', { rate: 0 }, 'rate is 0, but must be a number of requests a second, more than 0, to 1000000'],
    [
      '/reload',
      { canary: 2 },
      'canary is 2, but must be a share of the clients, more than 0 and less than 1'
    ],
    [
      '/reload',
      { autoAbort: { factor: 1, requests: 1 } },
      'autoAbort is an object with the keys factor, requests, '
    ],
    [
      '/reload',
      { canary: 0.1, autoAbort: { factor: 0 } },
      'autoAbort.factor is 0, but must be a number of 1 or more'
    ],
    ['/reload', { standby: 'yes' }, 'standby is "yes", but must be true or false'],
    ['/reload', { strategy: 'all' }, "a parameter is \"strategy\", but must be one of 'standby', 'canary', "],
    ['/promote', { now: true }, 'a parameter is "now", but must be no parameter']
  ] as const) {
    const answer = await call(socket, 'POST', path, body)
    assert.equal(answer.status, 400, answer.text)
    const { code, message: got } = errorOf(answer)
    assert.equal(code, 'UP_ERR_OPTION')
    assert.ok(got.startsWith(message), got)
  }
  const { json } = await call(socket, 'GET', '/status')
  assert.equal((json as { state: string }).state, 'running')
})

test('Upstreams are named as in the body of the call, too', async t => {
  const { startUp } = await import('../helpers/cli-process.js')
  const cwd = tempFolder(t)
  const proxy = startUp(t, ['proxy', '-p', '0', '--control', 'c.sock', '127.0.0.1:9'], { cwd })
  await proxy.url()
  const socket = join(cwd, 'c.sock')
  for (const [body, message] of [
    [{ add: '127.0.0.1:9' }, /^add is "127\.0\.0\.1:9", but must be one that is not there already$/],
    [{ add: 'ftp://x' }, /^add is "ftp:\/\/x", but must be /],
    [{ remove: '127.0.0.1:10' }, /^remove is "127\.0\.0\.1:10", but must be /],
    [{ drain: '127.0.0.1:9', timeout: 'x' }, /^timeout is "x", but must be a duration/],
    [{}, /^the body is an empty object, but must be an object with one of 'add', 'remove' and 'drain'$/],
    [{ add: '1', remove: '2' }, /^the body is an object with the keys add, remove, but must be /]
  ] as const) {
    const answer = await call(socket, 'POST', '/upstreams', body)
    assert.equal(answer.status, 400, answer.text)
    assert.match(errorOf(answer).message, message)
  }
  const scale = await call(socket, 'POST', '/scale', { workers: 2 })
  assert.equal(scale.status, 409)
  assert.deepEqual(errorOf(scale), { code: 'UP_ERR_UNSUPPORTED', message: 'up proxy starts no workers' })
})

test('A body that is no JSON object, of another type or too large is refused', async t => {
  const socket = await startApi(t, { scale: () => assert.fail('nothing was to be done') })
  const json = { 'Content-Type': 'application/json' }
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  for (const [body, headers, status, code] of [
    ['{"workers":', json, 400, 'UP_ERR_OPTION'],
    ['[1]', json, 400, 'UP_ERR_OPTION'],
    ['null', json, 400, 'UP_ERR_OPTION'],
    ['"x"', json, 400, 'UP_ERR_OPTION'],
    ['{"workers":2}', {}, 415, 'UP_ERR_MEDIA_TYPE'],
    ['{"workers":2}', { 'Content-Type': 'text/plain' }, 415, 'UP_ERR_MEDIA_TYPE'],
    ['workers=2', form, 415, 'UP_ERR_MEDIA_TYPE'],
    [`{"workers":2,"x":"${'x'.repeat(65_536)}"}`, json, 413, 'UP_ERR_TOO_LARGE']
  ] as const) {
    const answer = await call(socket, 'POST', '/scale', body, headers)
    assert.equal(answer.status, status, answer.text)
    assert.equal(errorOf(answer).code, code)
  }
})

test('A body without end is cut off at 64 kB, and its connection closed', async t => {
  const socket = await startApi(t)
  const head =
    'POST /stop HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
  const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
  const answer = await exchange(t, socket, head + chunk.repeat(5))
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /\r\nConnection: close\r\n/i)
})

test('A charset beside application/json is fine, and so is no body at all', async t => {
  const scaled: unknown[] = []
  const socket = await startApi(t, {
    scale: workers => Promise.resolve(void scaled.push(workers)),
    abort: () => Promise.resolve()
  })
  const headers = { 'Content-Type': 'Application/JSON; charset=utf-8' }
  assert.equal((await call(socket, 'POST', '/scale', '{"workers":2}', headers)).status, 200)
  assert.deepEqual(scaled, [2])
  assert.equal((await call(socket, 'POST', '/abort')).status, 200)
})

test('Another method gets 405 with what is allowed, an unknown path 404', async t => {
  const socket = await startApi(t, { reload: () => assert.fail('nothing was to be done') })
  for (const [method, path, allow] of [
    ['GET', '/reload', 'POST'],
    ['PUT', '/reload', 'POST'],
    ['POST', '/status', 'GET, HEAD'],
    ['DELETE', '/events', 'GET, HEAD'],
    ['OPTIONS', '/stop', 'POST']
  ] as const) {
    const answer = await call(socket, method, path)
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.allow, allow)
    assert.equal(errorOf(answer).code, 'UP_ERR_METHOD')
  }
  for (const path of ['/', '/nothing', '/status/', '/__proto__', '/constructor', '/toString']) {
    for (const method of ['GET', 'POST']) {
      const answer = await call(socket, method, path)
      assert.equal(answer.status, 404, path)
      assert.equal(errorOf(answer).code, 'UP_ERR_NOT_FOUND')
    }
  }
})

test('A query is passed over, HEAD has no body, and nothing is cached or guessed at', async t => {
  const socket = await startApi(t)
  assert.equal((await call(socket, 'GET', '/healthz?x=1')).status, 200)
  const { status, text, headers } = await call(socket, 'HEAD', '/healthz')
  assert.deepEqual([status, text], [200, ''])
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal((await call(socket, 'HEAD', '/events')).status, 200)
})

test('What is stopping is not stopped once more', async t => {
  const up = await startSteered(t, [], 1)
  const url = await findUrl(up.socket)
  const slow = await fetch(`${url}/slow`)
  assert.equal((await call(up.socket, 'POST', '/stop')).status, 202)
  await up.line(/the control API: finishing 1 request/)
  assert.equal((await call(up.socket, 'POST', '/stop')).status, 202)
  assert.equal(((await call(up.socket, 'GET', '/status')).json as { state: string }).state, 'stopping')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(join(up.cwd, 'go'), '')
  assert.equal(await slow.text(), 'begun old')
  assert.equal(await up.exited, 0)
})

async function findUrl(socket: string): Promise<string> {
  const { json } = await call(socket, 'GET', '/status')
  const [port] = (json as { ports: { port: number }[] }).ports
  assert.ok(port)
  return `http://localhost:${port.port}`
}
