import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { UpServer } from '#lib/server/up-server.js'
import { writeApp } from '../helpers/app.js'
import { connectionsOf, get, Guest, reloadAndLeave, serveHandoff } from '../helpers/handoff.js'
import { until } from '../helpers/wait.js'

/** A server whose http servers have these timeouts, in milliseconds, and one guest, who has spoken or not. */
async function withTimeouts(
  t: TestContext,
  timeouts: Readonly<Record<string, number>>,
  used: boolean
): Promise<{ srv: UpServer; guest: Guest; quietSince: number }> {
  const app = `
    import { createServer } from 'node:http'
    const server = createServer({ connectionsCheckingInterval: 50 }, (req, res) => res.end('here'))
    export default Object.assign(server, ${JSON.stringify(timeouts)})
  `
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 }, writeApp(t, app).file)
  const quietSince = performance.now()
  const guest = new Guest(t, port)
  if (used) await guest.ask('/')
  await until(() => connectionsOf(srv) === 1)
  return { srv, guest, quietSince }
}

/** Moves it, and checks that it is closed, and when: not before its time, nor in a second full one after the move. */
async function closedInTime(
  { srv, guest, quietSince }: Awaited<ReturnType<typeof withTimeouts>>,
  limitMs: number
): Promise<string> {
  await reloadAndLeave(srv)
  const text = await guest.peer.takeAll()
  assert.ok(performance.now() - quietSince >= limitMs)
  return text
}

test('keepAliveTimeout goes on where it was when a connection moves', async t => {
  const running = await withTimeouts(t, { keepAliveTimeout: 4000 }, true)
  assert.equal(await closedInTime(running, 4000), '')
})

test('a connection whose keepAliveTimeout has much left is open after two moves and longer than the rest', async t => {
  const { srv, guest } = await withTimeouts(t, { keepAliveTimeout: 60_000 }, true)
  await reloadAndLeave(srv)
  await reloadAndLeave(srv)
  guest.assertUntouched()
  assert.equal(await guest.ask('/'), 'here')
})

test('keepAliveTimeout 0 keeps a moved connection for ever', async t => {
  const { srv, guest } = await withTimeouts(t, { keepAliveTimeout: 0 }, true)
  await reloadAndLeave(srv)
  assert.equal(await guest.ask('/'), 'here')
})

test('headersTimeout answers 408 to a moved connection that never spoke, and closes it', async t => {
  const running = await withTimeouts(t, { headersTimeout: 3000, requestTimeout: 60_000 }, false)
  const text = await closedInTime(running, 3000)
  assert.match(text, /^HTTP\/1\.1 408 /)
})

test('a client that keeps its side open after the 408 does not keep the worker', async t => {
  const running = await withTimeouts(t, { headersTimeout: 3000, requestTimeout: 60_000 }, false)
  assert.match(await closedInTime(running, 3000), /^HTTP\/1\.1 408 /)
  await until(() => connectionsOf(running.srv) === 0)
})

test('requestTimeout counts for a moved connection that never spoke, where headersTimeout is off', async t => {
  const running = await withTimeouts(t, { headersTimeout: 0, requestTimeout: 3000 }, false)
  assert.match(await closedInTime(running, 3000), /^HTTP\/1\.1 408 /)
})

test('headersTimeout does not run for a used connection that has moved and stays silent', async t => {
  const timeouts = { headersTimeout: 300, requestTimeout: 60_000, keepAliveTimeout: 60_000 }
  const { srv, guest } = await withTimeouts(t, timeouts, true)
  await reloadAndLeave(srv)
  // As in one process: nothing tells that it stays open; ten looks of the http server are time enough.
  await new Promise(resolve => setTimeout(resolve, 1000))
  guest.assertUntouched()
  assert.equal(await guest.ask('/'), 'here')
})

test('headersTimeout begins with the first byte of a head that a moved connection sends in pieces', async t => {
  const { srv, guest } = await withTimeouts(t, { headersTimeout: 1000, requestTimeout: 60_000 }, true)
  await reloadAndLeave(srv)
  const begun = performance.now()
  guest.peer.send(get('/').slice(0, 5))
  assert.match(await guest.peer.takeAll(), /^HTTP\/1\.1 408 /)
  assert.ok(performance.now() - begun >= 1000)
})

test('server.timeout ends a moved connection that is silent', async t => {
  const running = await withTimeouts(t, { timeout: 3000, keepAliveTimeout: 0 }, true)
  assert.equal(await closedInTime(running, 3000), '')
})

test("the app's listener of 'timeout' decides about a moved connection, too", async t => {
  const app = `
    import { createServer } from 'node:http'
    const server = createServer((req, res) => res.end('here'))
    server.keepAliveTimeout = 1500
    server.on('timeout', socket => socket.end('too late'))
    export default server
  `
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 }, writeApp(t, app).file)
  const guest = new Guest(t, port)
  await guest.ask('/')
  await until(() => connectionsOf(srv) === 1)
  await reloadAndLeave(srv)
  assert.equal(await guest.peer.takeAll(), 'too late')
})

test('a request that comes in the last moment before a timeout is answered', async t => {
  const { srv, guest } = await withTimeouts(t, { keepAliveTimeout: 3000 }, true)
  await srv.pause()
  await until(() => srv.status().held === 1)
  guest.peer.send(get('/'))
  await srv.resume()
  assert.equal(await guest.answer(), 'here')
})
