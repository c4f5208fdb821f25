import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { answering, captureStderr, fixture, launch, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, Load, RawClient } from '../helpers/client.js'
import { processes } from '../helpers/leftovers.js'
import { message, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('close() ends the workers and the server, and leaves no process', async t => {
  const { server, srv, port } = await serve(t, app, { numWorkers: 2 })
  const workers = srv.workers
  await srv.close()
  assert.equal(server.listening, false)
  assert.deepEqual(
    workers.map(({ readyState, exitCode }) => [readyState, exitCode !== 1]),
    [
      ['terminated', true],
      ['terminated', true]
    ]
  )
  assert.deepEqual([srv.workers, srv.spawning], [[], []])
  assert.deepEqual(processes(), [])
  await assert.rejects(fetchOnce(port), { code: 'ECONNREFUSED' })
})

test('close() can be called again, and gives the same promise', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const closed = srv.close()
  assert.equal(srv.close(), closed)
  await closed
  assert.equal(srv.close(), closed)
})

test('close() before any worker is ready leaves nothing', async t => {
  const { srv, failures } = await launch(t, app, { numWorkers: 2 })
  await srv.close()
  assert.deepEqual(failures, [])
})

test('close() right after the construction of a server that never listened', async t => {
  const { createServer } = await import('node:http')
  const { UpServer } = await import('#lib/server/up-server.js')
  const srv = new UpServer(createServer(), app, { numWorkers: 1 })
  t.after(() => srv.close())
  await srv.close()
})

test('close() lets a request finish that is in flight, and no worker leaves before', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const client = new Client(port)
  t.after(() => client.close())
  const answer = client.get('/wait')
  await waiting
  const closed = srv.close()
  assert.equal(worker.readyState, 'spawned')
  worker.proc.kill('SIGUSR2')
  const { status, headers } = await answer
  assert.equal(status, 200)
  assert.equal(headers.connection, 'close')
  await closed
})

test('close() ends a connection whose answer had promised to keep it open', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '10m' })
  const client = new RawClient(port).write('GET /half HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(await client.until('half'), /\r\nConnection: keep-alive\r\n/i)
  const [worker] = srv.workers
  const closed = srv.close()
  worker?.proc.kill('SIGUSR2')
  assert.match((await client.end()).received, /\r\n\r\nhalffull$/)
  await closed
})

test('close() lets an upload finish that is in flight', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const client = new RawClient(port)
  client.write('POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
  while (srv.workers[0]?.inFlight !== 1) await new Promise(setImmediate)
  const closed = srv.close()
  client.write('def')
  assert.match((await client.end()).received, /^HTTP\/1.1 200 [^]*\r\n\r\n1\r\n6\r\n0\r\n\r\n$|\r\n\r\n6$/)
  await closed
})

test('close() loses no request that the server had accepted', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const clients = Array.from({ length: 20 }, () => new Client(port))
  t.after(() => clients.forEach(client => client.close()))
  for (const client of clients) await client.get('/pid')
  const answers = clients.map(client => client.post('/length', 'x'.repeat(100_000)))
  while (srv.status().workers.reduce((sum, { inFlight }) => sum + inFlight, 0) < 20)
    await new Promise(setImmediate)
  await srv.close()
  for (const answer of answers) assert.equal((await answer).body, '100000')
})

test('close() does not wait for idle connections, used or never used', async t => {
  const { server, srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '10m' })
  const used = new Client(port)
  t.after(() => used.close())
  await used.get('/pid')
  const accepted = once(server, 'connection')
  const unused = connect(port, '127.0.0.1')
  await accepted
  const ended = once(unused.resume(), 'close')
  await srv.close()
  await ended
})

test('close() ends a request whose head never becomes whole', async t => {
  const { server, srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '10m' })
  const accepted = once(server, 'connection')
  const client = new RawClient(port).write('GET / HTTP/1.1\r\nHo')
  await accepted
  await srv.close()
  await client.end()
})

test('close() waits for a WebSocket, until workerTimeout at most', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: 500 })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const since = performance.now()
  const ended = once(socket, 'close')
  const closed = srv.close()
  socket.send('still there')
  const [reply] = (await once(socket, 'message')) as [Buffer]
  assert.match(reply.toString(), /still there/)
  await closed
  await ended
  const took = performance.now() - since
  assert.ok(took >= 495 && took < 4000, `${took} ms`)
})

test('close() goes on as soon as the last WebSocket has closed', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '10m' })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const closed = srv.close()
  socket.close()
  await closed
})

test('close() ends what is still in flight at workerTimeout', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: 300 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const answer = fetchOnce(port, '/never', { method: 'POST' })
  await waiting
  await srv.close()
  assert.equal((await answer).status, 502)
})

test('close() wins over a reload that runs, and over the one behind it', async t => {
  const { srv } = await serve(t, app, { numWorkers: 2 })
  const reloads = [srv.reload(), srv.reload()]
  const settled = Promise.allSettled(reloads)
  await srv.close()
  for (const outcome of await settled) {
    assert.equal(outcome.status, 'rejected')
    assert.equal((outcome.reason as { code: string }).code, 'UP_ERR_CLOSED')
  }
  assert.deepEqual(processes(), [])
})

for (const strategy of ['first', 'all', 'rolling'] as const) {
  test(`close() in the middle of a reload under '${strategy}' leaves nothing`, async t => {
    const { srv } = await serve(t, app, { numWorkers: 2, strategy })
    const reload = srv.reload().catch((error: unknown) => error)
    await nextEvent(srv, 'spawn')
    await srv.close()
    const outcome = await reload
    if (outcome instanceof Error) assert.equal((outcome as Error & { code: string }).code, 'UP_ERR_CLOSED')
    assert.deepEqual(processes(), [])
  })
}

test('close() during a reload with workerTimeout 0 leaves nothing', async t => {
  const { srv } = await serve(t, app, { numWorkers: 2, workerTimeout: 0 })
  const reload = srv.reload().catch((error: unknown) => error)
  await nextEvent(srv, 'terminate')
  await srv.close()
  await reload
  assert.deepEqual(processes(), [])
})

test('A closed server reloads no more', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  await srv.close()
  await assert.rejects(srv.reload(), { code: 'UP_ERR_CLOSED' })
})

test('A worker that dies while the server closes is not replaced, and is no failure', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const answer = fetchOnce(port, '/never', { method: 'POST' })
  await waiting
  const closed = srv.close()
  worker.kill()
  assert.equal((await answer).status, 502)
  await closed
})

test('Requests that wait when the server closes, with nobody to serve them, get 503', async t => {
  captureStderr(t)
  const app = writeApp(t, 'await new Promise(resolve => setTimeout(resolve, 60_000))\n' + answering(''))
  const { srv, port } = await launch(t, app.file, { numWorkers: 1 })
  const answer = fetchOnce(port)
  while (srv.status().held !== 1) await new Promise(setImmediate)
  await srv.close()
  assert.equal((await answer).status, 503)
})

test('close() under load breaks no answer', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const load = new Load(port, 8, true)
  await load.answered(100)
  await srv.close()
  const { failed } = await load.stop()
  // What comes after the close is refused, or finds its idle connection closed; nothing is cut off.
  assert.deepEqual(
    failed.filter(failure => !/ECONNREFUSED|ECONNRESET|socket hang up|EPIPE/.test(failure)),
    []
  )
})
