import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { writeApp } from '../helpers/app.js'
import { generationsByPid } from '../helpers/generations.js'
import { busyGuest, firstGuests, get, Guest, serveHandoff, usedGuests } from '../helpers/handoff.js'
import { ask as askHttp2, cert, key, session } from '../helpers/http2.js'
import { RawPeer } from '../helpers/raw.js'
import { events, nextEvent, until, within } from '../helpers/wait.js'

test('nothing is served while paused, and all that was sent meanwhile is answered after it', async t => {
  const running = await serveHandoff(t)
  const { srv, port } = running
  const { used, silent } = await firstGuests(t, running, 6)
  assert.deepEqual(await srv.pause(), { drained: true, remaining: 0 })
  await until(() => srv.status().held === 12)
  const served = srv.status().workers.map(({ requests }) => requests)
  const late = Array.from({ length: 6 }, () => new Guest(t, port))
  const all = [...used, ...silent, ...late]
  for (const { peer } of all) peer.send(get('/pid'))
  // Nothing tells that nothing happens: reports come within 250 ms, and 300 ms are more.
  await new Promise(resolve => setTimeout(resolve, 300))
  for (const guest of all) guest.assertUntouched()
  assert.deepEqual(
    srv.status().workers.map(({ requests }) => requests),
    served
  )
  await srv.resume()
  await Promise.all(all.map(guest => guest.answer()))
  assert.equal(srv.status().held, 0)
})

test('pause() waits for requests under way, and counts those that take longer than it may', async t => {
  const running = await serveHandoff(t, { numWorkers: 1 })
  const { srv } = running
  const { guest, answer } = await busyGuest(t, running)
  assert.deepEqual(await srv.pause({ timeout: '50ms' }), { drained: false, remaining: 1 })
  const drained = srv.pause()
  await answer()
  assert.deepEqual(await drained, { drained: true, remaining: 0 })
  await until(() => srv.status().held === 1)
  await srv.resume()
  assert.match(await guest.ask(), /^\d+$/)
})

test('pause() counts the requests of retired workers, too', async t => {
  const running = await serveHandoff(t, { numWorkers: 1, workerTimeout: '30s' })
  const { srv } = running
  const { answer } = await busyGuest(t, running)
  await srv.reload()
  assert.deepEqual(await srv.pause({ timeout: '50ms' }), { drained: false, remaining: 1 })
  const drained = srv.pause()
  await answer()
  assert.deepEqual(await drained, { drained: true, remaining: 0 })
})

test('resume() ends a pause() that still waits', async t => {
  const running = await serveHandoff(t, { numWorkers: 1 })
  const { srv } = running
  const { answer } = await busyGuest(t, running)
  const paused = srv.pause()
  await srv.resume()
  assert.equal((await paused).drained, false)
  await answer()
})

test('a reload while paused gives what is held to the new workers, at resume()', async t => {
  const running = await serveHandoff(t)
  const { srv } = running
  const generationOf = generationsByPid(srv)
  const { used, silent } = await firstGuests(t, running, 6)
  const guests = [...used, ...silent]
  await srv.pause()
  const gone = events(srv, 'terminate', 2)
  await srv.reload()
  await gone
  for (const guest of guests) guest.assertUntouched()
  await srv.resume()
  for (const guest of guests) assert.equal(generationOf(await guest.ask()), 2)
})

test('scale() while paused lets the new workers take part, at resume()', async t => {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 })
  const guests = await usedGuests(t, port, 12)
  const [old] = srv.workers
  await srv.pause()
  await srv.scale(3)
  await srv.resume()
  const pids = new Set(await Promise.all(guests.map(guest => guest.ask())))
  assert.equal(pids.size, 3)
  assert.ok(pids.has(String(old?.pid)))
})

test('scale() to fewer while paused loses nothing', async t => {
  const { srv, port } = await serveHandoff(t)
  const guests = await usedGuests(t, port, 12)
  await srv.pause()
  const gone = events(srv, 'terminate', 1)
  await srv.scale(1)
  await gone
  await srv.resume()
  assert.equal(new Set(await Promise.all(guests.map(guest => guest.ask()))).size, 1)
})

test('when all workers are killed while paused, others serve what is held, at resume()', async t => {
  const { srv, port } = await serveHandoff(t, { minExpectedLifetime: 1 })
  const guests = await usedGuests(t, port, 6)
  await srv.pause()
  await until(() => srv.status().held === 6)
  const spawned = events(srv, 'spawn', 2)
  for (const worker of srv.workers) worker.kill()
  await spawned
  const late = new Guest(t, port)
  await srv.resume()
  await Promise.all([...guests, late].map(guest => guest.ask()))
})

test('pause() while workers are starting does not wait for them', async t => {
  const app = writeApp(
    t,
    `await new Promise(resolve => process.once('SIGUSR2', resolve).channel?.ref())
     export default (req, res) => res.end(String(process.pid))`
  )
  const { launch } = await import('../helpers/app.js')
  const { srv, port } = await launch(t, app.file, { transport: 'handoff', numWorkers: 1 })
  const guest = new Guest(t, port)
  guest.peer.send(get('/'))
  // No worker is there that could have requests.
  assert.deepEqual(await within(srv.pause({ timeout: '1h' }), 'the pause'), { drained: true, remaining: 0 })
  const spawned = nextEvent(srv, 'spawn')
  const [worker] = srv.spawning
  const kick = setInterval(() => worker?.proc.kill('SIGUSR2'), 500)
  t.after(() => clearInterval(kick))
  void kick
  await spawned.finally(() => clearInterval(kick))
  assert.deepEqual(await within(srv.pause({ timeout: '1h' }), 'the pause'), { drained: true, remaining: 0 })
  guest.assertUntouched()
  await srv.resume()
  assert.match(await guest.answer(), /^\d+$/)
})

test('pause() that waits for a request does not wait for a worker that becomes ready meanwhile', async t => {
  const running = await serveHandoff(t, { numWorkers: 1 })
  const { srv } = running
  const { answer } = await busyGuest(t, running)
  const paused = srv.pause({ timeout: '1h' })
  await srv.scale(2)
  await answer()
  assert.deepEqual(await within(paused, 'the pause'), { drained: true, remaining: 0 })
})

test('pause and resume in quick succession leave every connection usable', async t => {
  const running = await serveHandoff(t)
  const { srv } = running
  const { used, silent } = await firstGuests(t, running, 20)
  const guests = [...used, ...silent]
  for (let i = 0; i < 30; i++) {
    void srv.pause()
    if (i % 3 === 0) await new Promise(resolve => setImmediate(resolve))
    await srv.resume()
    if (i % 2 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await Promise.all(guests.map(guest => guest.ask()))
  for (const guest of guests) guest.assertUntouched()
})

test('a pause() right after a resume() is not taken for the one before', async t => {
  const running = await serveHandoff(t, { numWorkers: 1 })
  const { srv, port } = running
  const guest = new Guest(t, port)
  await guest.ask()
  for (let i = 0; i < 10; i++) {
    void srv.pause()
    await srv.resume()
  }
  const { answer } = await busyGuest(t, running, guest)
  void srv.pause()
  void srv.resume()
  assert.deepEqual(await srv.pause({ timeout: '100ms' }), { drained: false, remaining: 1 })
  await answer()
})

test('close() while paused closes what is held', async t => {
  const { srv, port } = await serveHandoff(t)
  const guests = await usedGuests(t, port, 6)
  await srv.pause()
  await until(() => srv.status().held === 6)
  await within(srv.close(), 'close()')
  for (const { peer } of guests) assert.equal(await peer.takeAll(), '')
})

/** Asks over one TLS connection, which is kept. */
function secureClient(t: TestContext, port: number): () => Promise<{ pid: string; close: boolean }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cert, servername: 'localhost' })
  t.after(() => agent.destroy())
  return async () => {
    const req = request({ port, host: '127.0.0.1', agent }).end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    return { pid: await text(res), close: res.headers.connection === 'close' }
  }
}

const SECURE = `
  import { createServer } from 'node:https'
  export default createServer(${JSON.stringify({ cert, key })}, (req, res) => res.end(String(process.pid)))
`

test('a TLS connection, which cannot move, is not served while paused either', async t => {
  const { srv, port } = await serveHandoff(t, {}, writeApp(t, SECURE).file)
  const ask = secureClient(t, port)
  const { pid } = await ask()
  assert.deepEqual(await srv.pause(), { drained: true, remaining: 0 })
  const late = ask()
  let answered = false
  void late.then(() => (answered = true))
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(answered, false)
  await srv.resume()
  assert.deepEqual(await late, { pid, close: false })
})

test('keepAliveTimeout of a TLS connection does not run while paused, and runs after it', async t => {
  const app = `
    import { createServer } from 'node:https'
    const server = createServer(${JSON.stringify({ cert, key })}, (req, res) => res.end(String(process.pid)))
    export default Object.assign(server, { keepAliveTimeout: 500, keepAliveTimeoutBuffer: 0 })
  `
  const { srv, port } = await serveHandoff(t, {}, writeApp(t, app).file)
  const socket = connectTls({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' })
  t.after(() => socket.destroy())
  const peer = new RawPeer(socket)
  peer.send(get('/'))
  await peer.take(/\r\n\r\n\d+/)
  await srv.pause()
  await new Promise(resolve => setTimeout(resolve, 2000))
  assert.equal(peer.ended, false)
  peer.send(get('/'))
  await srv.resume()
  await peer.take(/\r\n\r\n\d+/)
  assert.equal(await peer.takeAll(), '')
})

test('a TLS connection of a worker that retires during a pause is answered after it, and closed', async t => {
  const { srv, port } = await serveHandoff(
    t,
    { numWorkers: 1, workerTimeout: '30s' },
    writeApp(t, SECURE).file
  )
  const ask = secureClient(t, port)
  const { pid } = await ask()
  await srv.pause()
  await srv.reload()
  const late = ask()
  let answered = false
  void late.then(() => (answered = true))
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(answered, false)
  const gone = nextEvent(srv, 'terminate')
  await srv.resume()
  assert.deepEqual(await late, { pid, close: true })
  await gone
  assert.notEqual((await ask()).pid, pid)
})

test('a session of HTTP/2 is not served while paused, and goes on after it', async t => {
  const app = `
    import { createServer } from 'node:http2'
    createServer((req, res) => res.end(String(process.pid))).listen(0)
  `
  const { srv, port } = await serveHandoff(t, {}, writeApp(t, app).file)
  const client = session(t, `http://127.0.0.1:${port}`)
  const { body } = await askHttp2(client)
  await srv.pause()
  const late = askHttp2(client)
  let answered = false
  void late.then(() => (answered = true))
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(answered, false)
  await srv.resume()
  assert.equal((await late).body, body)
  assert.equal((await askHttp2(client)).body, body)
})

test('a generation that is kept sends its TLS connections away, until it is brought back', async t => {
  const options = { numWorkers: 1, keepPrevious: true }
  const { srv, port } = await serveHandoff(t, options, writeApp(t, SECURE).file)
  const ask = secureClient(t, port)
  const { pid } = await ask()
  await srv.reload()
  await sentAway(ask, pid)
  const { pid: next, close } = await ask()
  assert.deepEqual([next === pid, close], [false, false])
  await srv.rollback()
  await sentAway(ask, next)
  assert.deepEqual(await ask(), { pid, close: false })
  assert.deepEqual(await ask(), { pid, close: false })
})

/** Asks until the worker has heard that it is to send its clients away. */
async function sentAway(ask: ReturnType<typeof secureClient>, pid: string): Promise<void> {
  for (let close = false; !close;) {
    const answer = await ask()
    assert.equal(answer.pid, pid)
    close = answer.close
  }
}
