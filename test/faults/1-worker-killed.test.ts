import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { Worker } from '#lib/worker/worker.js'
import { captureStderr, fixture, serve } from '../helpers/app.js'
import { Client, fetchOnce, Load, RawClient } from '../helpers/client.js'
import { events, message, nextEvent, until, within } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('1. An idle worker that is killed is out of rotation in the tick in which that shows', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2, keepAlive: false })
  const [first, second] = srv.workers as [Worker, Worker]
  const gone = nextEvent(srv, 'terminate')
  first.proc.once('exit', () => {
    assert.equal(first.readyState, 'terminated')
    assert.deepEqual(srv.workers, [second])
  })
  first.kill()
  await gone
  for (let i = 0; i < 4; i++) assert.equal(Number((await fetchOnce(port, '/pid')).body), second.pid)
})

test('1. An idle worker that is killed is replaced, and no request fails', async t => {
  const { srv, port, failures } = await serve(t, app, { numWorkers: 2 })
  const client = new Client(port)
  t.after(() => client.close())
  await client.get('/pid')
  await client.get('/pid')
  const [first] = srv.workers
  const back = nextEvent(srv, 'spawn')
  first?.kill()
  // Also a POST, and also while the death has not been noticed: nothing of it was sent.
  for (let i = 0; i < 4; i++) {
    assert.equal((await client.get('/pid')).status, 200)
    assert.equal((await fetchOnce(port, '/pid')).status, 200)
  }
  await back
  assert.equal(srv.workers.length, 2)
  assert.ok(srv.workers.every(worker => worker !== first))
  assert.equal(client.connections, 1)
  assert.match(failures[0]?.message ?? '', /died: it was ended by SIGKILL/)
})

test('1. A POST that meets a worker before its death has been noticed goes to another one', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const client = new RawClient(port)
  t.after(() => client.socket.destroy())
  // Each worker has an idle connection now.
  for (let i = 0; i < 2; i++) {
    client.received = ''
    client.write('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until('\r\n\r\n')
  }
  const next = srv.nextWorker()
  while (srv.nextWorker() !== next);
  srv.nextWorker()
  client.received = ''
  client.write('POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')
  next?.kill()
  // Dead before the master reads anything: the request, then the end of the connection, then the exit.
  while (!isDead(next?.pid ?? 0));
  assert.equal(next?.readyState, 'spawned')
  const answer = await client.until('\r\n\r\n4')
  assert.match(answer, /^HTTP\/1.1 200 /)
})

test('1. All workers killed at once under a load of GETs: no failed request, no broken connection', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 3, minExpectedLifetime: 0 })
  const load = new Load(port, 12, false)
  for (let round = 0; round < 5; round++) {
    await load.answered(50)
    const back = events(srv, 'spawn', 3)
    for (const worker of srv.workers) worker.kill()
    await back
  }
  await load.answered(50)
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
})

test('1. The only worker killed under a load of GETs: no failed request', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 1, minExpectedLifetime: 0 })
  const load = new Load(port, 8, false)
  for (let round = 0; round < 5; round++) {
    await load.answered(30)
    const back = nextEvent(srv, 'spawn')
    srv.workers[0]?.kill()
    await back
  }
  await load.answered(30)
  assert.deepEqual((await load.stop()).failed, [])
})

test('1. A worker killed during a reload, under load, costs no GET', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 2, minExpectedLifetime: 0, strategy: 'rolling' })
  const load = new Load(port, 8, false)
  for (let round = 0; round < 3; round++) {
    await load.answered(30)
    const reload = srv.reload().catch(() => {})
    srv.workers[0]?.kill()
    await reload
  }
  await load.answered(30)
  assert.deepEqual((await load.stop()).failed, [])
})

test('2. A GET in flight at a worker that is killed is repeated at another one', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const [first, second] = srv.workers as [Worker, Worker]
  while (srv.nextWorker() !== second);
  const waiting = message(first, 'waiting')
  const client = new Client(port)
  t.after(() => client.close())
  const answer = client.get('/wait')
  await waiting
  const again = message(second, 'waiting')
  first.kill()
  await again
  second.proc.kill('SIGUSR2')
  assert.deepEqual(await answer.then(({ status, body }) => [status, body]), [200, `waited at ${second.pid}`])
  assert.equal(client.connections, 1)
})

test('2. A POST in flight at a worker that is killed gets 502, and no other request does', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const [first] = srv.workers as [Worker]
  while (srv.nextWorker() === first);
  const waiting = message(first, 'waiting')
  const client = new Client(port)
  t.after(() => client.close())
  const answer = client.post('/wait', 'once')
  await waiting
  const load = new Load(port, 4, true)
  await load.answered(20)
  // At this moment nothing else is at the worker.
  while (first.inFlight > 1) await new Promise(setImmediate)
  first.kill()
  assert.equal((await answer).status, 502)
  // The client's connection lives on.
  assert.equal((await client.get('/pid')).status, 200)
  assert.equal(client.connections, 1)
  await load.answered(20)
  const { failed } = await load.stop()
  assert.deepEqual(
    failed.filter(failure => failure.startsWith('GET')),
    []
  )
})

test('2. An answer that has begun at a worker that is killed is cut off, and seen to be', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const client = new RawClient(port).write('GET /half HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('half')
  worker.kill()
  const { received } = await within(client.end(), 'the cut')
  assert.match(received, /\r\nContent-Length: 8\r\n[^]*\r\n\r\nhalf$/i)
})

test('2. A chunked answer that is cut off has no last chunk', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const client = new RawClient(port).write('GET /sse HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('hello from')
  srv.workers[0]?.kill()
  const { received } = await within(client.end(), 'the cut')
  assert.ok(!received.includes('\r\n0\r\n'))
})

test('2. An upload that a worker had begun to read when it was killed gets 502', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const begun = message(worker, 'reading')
  const client = new RawClient(port)
  t.after(() => client.socket.destroy())
  client.write('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin')
  await begun
  worker.kill()
  assert.match(await within(client.until('\r\n\r\n'), 'the answer'), /^HTTP\/1.1 502 /)
})

test('2. A worker that exits in the middle of a request costs that request alone', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const back = nextEvent(srv, 'spawn')
  assert.equal((await fetchOnce(port, '/exit', { method: 'POST' })).status, 502)
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(port, '/pid')).status, 200)
  await back
})

test('2. A request that ends each worker it meets is repeated once, not for ever', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 3 })
  let deaths = 0
  srv.on('terminate', () => deaths++)
  assert.equal((await fetchOnce(port, '/exit')).status, 502)
  assert.equal((await fetchOnce(port, '/pid')).status, 200)
  // The end of a connection may be seen before the end of the process.
  await until(() => deaths >= 2)
  assert.equal(deaths, 2)
})

test('3. A WebSocket at a worker that is killed is closed promptly', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  assert.equal(worker?.upgrades, 1)
  const closed = once(socket, 'close')
  worker.kill()
  const [code] = (await within(closed, 'the close', 2000)) as [number]
  assert.equal(code, 1006)
  await until(() => worker.upgrades === 0)
})

test('3. A WebSocket that was waiting for its worker is closed as well', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  srv.workers[0]?.proc.kill('SIGSTOP')
  socket.send('unread')
  const closed = once(socket, 'close')
  srv.workers[0]?.kill()
  await within(closed, 'the close', 2000)
})

test('3. A WebSocket opens at another worker after the death of the first', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  srv.workers[0]?.kill()
  for (let i = 0; i < 3; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(socket, 'open')
    socket.close()
    await once(socket, 'close')
  }
})

/** Whether all of a process has ended, though nobody has taken note yet. */
function isDead(pid: number): boolean {
  // Its threads end one by one, and with the last one its connections.
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.length === 1 && /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}
