import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { Strategy } from '#lib/options/options.js'
import { fixture, serve } from '../helpers/app.js'
import { fetchOnce, RawClient } from '../helpers/client.js'
import { message, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')
const strategies: Strategy[] = ['first', 'all', 'rolling']

for (const strategy of strategies) {
  test(`7. An upload, an SSE stream, a long poll and a WebSocket outlive a reload under '${strategy}'`, async t => {
    const { srv, port } = await serve(t, app, { numWorkers: 1, strategy, workerTimeout: '1m' })
    const [old] = srv.workers
    assert.ok(old)

    const upload = new RawClient(port)
    upload.write('POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf')
    const stream = new RawClient(port).write('GET /sse HTTP/1.1\r\nHost: a\r\n\r\n')
    await stream.until(`hello from ${old.pid}`)
    const waiting = message(old, 'waiting')
    const poll = fetchOnce(port, '/wait')
    await waiting
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(socket, 'open')
    t.after(() => {
      for (const client of [upload, stream]) client.socket.destroy()
      socket.terminate()
    })

    await srv.reload()
    assert.equal(old.readyState, 'terminating')
    assert.deepEqual([old.inFlight, old.upgrades], [3, 1])
    assert.notEqual(Number((await fetchOnce(port, '/pid')).body), old.pid)

    const gone = nextEvent(srv, 'terminate')
    upload.write('full')
    assert.match(await upload.until('\r\n\r\n8'), /^HTTP\/1.1 200 /)
    old.proc.kill('SIGUSR2')
    assert.equal((await poll).body, `waited at ${old.pid}`)
    await stream.until(`bye from ${old.pid}`)
    // Now the WebSocket alone keeps it.
    socket.send('still there?')
    const [reply] = (await once(socket, 'message')) as [Buffer]
    assert.equal(reply.toString(), `${old.pid}: still there?`)
    assert.deepEqual([old.readyState, old.exitCode], ['terminating', null])
    socket.close()
    const [code] = (await once(socket, 'close')) as [number]
    assert.equal(code, 1005)
    assert.equal(await gone, old)
  })
}

test('7. A stream of requests in flight goes through several reloads at the worker where it began', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '1m' })
  const sockets: WebSocket[] = []
  const pids: string[] = []
  for (let generation = 1; generation <= 3; generation++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(socket, 'open')
    sockets.push(socket)
    pids.push(String(srv.workers[0]?.pid))
    await srv.reload()
  }
  t.after(() => sockets.forEach(socket => socket.terminate()))
  assert.equal(srv.status().workers.length, 4)
  for (const [i, socket] of sockets.entries()) {
    socket.send('hello')
    const [reply] = (await once(socket, 'message')) as [Buffer]
    assert.equal(reply.toString(), `${pids[i]}: hello`)
  }
  for (const socket of sockets) {
    const gone = nextEvent(srv, 'terminate')
    socket.close()
    await gone
  }
  assert.equal(srv.status().workers.length, 1)
})

test('7. What is still in flight at workerTimeout is ended; an idle worker has left long before', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2, workerTimeout: 700 })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const busy = srv.workers.find(({ upgrades }) => upgrades === 1)
  const left: unknown[] = []
  srv.on('terminate', worker => left.push(worker === busy ? 'busy' : 'idle'))
  const closed = once(socket, 'close')
  const retired = nextEvent(srv, 'retire').then(() => performance.now())
  await srv.reload()
  const since = await retired
  await closed
  const took = performance.now() - since
  assert.ok(took >= 690 && took < 4000, `${took} ms`)
  while (left.length < 2) await nextEvent(srv, 'terminate')
  assert.deepEqual(left, ['idle', 'busy'])
})

test('7. A client that leaves lets the retired worker go', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '1m' })
  const [old] = srv.workers
  assert.ok(old)
  const waiting = message(old, 'waiting')
  const client = new RawClient(port).write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n')
  await waiting
  await srv.reload()
  const gone = nextEvent(srv, 'terminate')
  client.socket.resetAndDestroy()
  assert.equal(await gone, old)
})

test('7. A client that leaves an upload lets the retired worker go', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '1m' })
  const [old] = srv.workers
  assert.ok(old)
  const client = new RawClient(port)
  client.write('POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf')
  while (old.inFlight === 0) await new Promise(setImmediate)
  await srv.reload()
  const gone = nextEvent(srv, 'terminate')
  client.socket.destroy()
  assert.equal(await gone, old)
})
