import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { UpOptions } from '#lib/options/options.js'
import type { Worker } from '#lib/worker/worker.js'
import { generationsByPid } from '../helpers/generations.js'
import { get, Guest, serveHandoff } from '../helpers/handoff.js'
import { events, message, until, within } from '../helpers/wait.js'

interface Busy {
  readonly srv: Awaited<ReturnType<typeof serveHandoff>>['srv']
  readonly port: number
  readonly guest: Guest
  /** The worker that has the guest's connection. */
  readonly old: Worker
  readonly generationOf: (pid: string) => number
  /** Resolves when that worker has left. */
  readonly left: () => Promise<void>
}

/** A server of one worker, which has a guest. */
async function busy(t: TestContext, options: UpOptions = {}): Promise<Busy> {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1, workerTimeout: '30s', ...options })
  const generationOf = generationsByPid(srv)
  const [old] = srv.workers
  assert.ok(old !== undefined)
  let gone = false
  srv.on('terminate', worker => (gone ||= worker === old))
  const left = (): Promise<void> => until(() => gone)
  return { srv, port, guest: new Guest(t, port), old, generationOf, left }
}

test('an answer that is slow comes from the old worker, and then the connection moves', async t => {
  const { srv, guest, old, generationOf, left } = await busy(t)
  const waiting = message(old, 'waiting')
  guest.peer.send(get('/wait'))
  await waiting
  await srv.reload()
  assert.equal(old.readyState, 'terminating')
  old.proc.kill('SIGUSR2')
  assert.equal(await guest.answer(), `waited at ${old.pid ?? ''}`)
  await left()
  assert.equal(generationOf(await guest.ask()), 2)
})

test('an answer that is half sent is finished by the old worker, and then the connection moves', async t => {
  const { srv, guest, old, generationOf, left } = await busy(t)
  guest.peer.send(get('/half'))
  await guest.peer.take('\r\n\r\nhalf')
  await srv.reload()
  old.proc.kill('SIGUSR2')
  assert.equal(await guest.peer.takeBytes(4), 'full')
  await left()
  assert.equal(generationOf(await guest.ask()), 2)
})

test('a body that is half sent is read to its end by the old worker, and then the connection moves', async t => {
  const { srv, guest, old, generationOf, left } = await busy(t)
  guest.peer.send('POST /length HTTP/1.1\r\nHost: up\r\nContent-Length: 10\r\n\r\n01234')
  await until(() => srv.status().workers.some(({ inFlight }) => inFlight === 1))
  await srv.reload()
  guest.peer.send('56789')
  assert.equal(await guest.answer(), '10')
  assert.equal(old.readyState, 'terminating')
  await left()
  assert.equal(generationOf(await guest.ask()), 2)
})

test('a chunked upload that is under way is read to its end by the old worker, and then the connection moves', async t => {
  const { srv, guest, generationOf, left } = await busy(t)
  guest.peer.send('POST /length HTTP/1.1\r\nHost: up\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012')
  await until(() => srv.status().workers.some(({ inFlight }) => inFlight === 1))
  await srv.reload()
  guest.peer.send('34\r\n')
  guest.peer.send('5\r\n56789\r\n0\r\n\r\n')
  assert.equal(await guest.answer(), '10')
  await left()
  assert.equal(generationOf(await guest.ask()), 2)
})

test('a head that is half sent is answered by the old worker, and then the connection moves', async t => {
  const { srv, guest, generationOf, left } = await busy(t)
  guest.peer.send('GET /pid HT')
  await until(() => srv.status().workers.some(({ inFlight }) => inFlight === 1))
  await srv.reload()
  guest.peer.send('TP/1.1\r\nHost: up\r\n\r\n')
  assert.equal(generationOf(await guest.answer()), 1)
  await left()
  assert.equal(generationOf(await guest.ask()), 2)
})

test('a WebSocket stays at the old worker, which leaves as soon as it has ended', async t => {
  const { srv, port, old, left } = await busy(t)
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  t.after(() => socket.terminate())
  await once(socket, 'open')
  await srv.reload()
  socket.send('hello')
  const [text] = (await once(socket, 'message')) as [Buffer]
  assert.equal(text.toString(), `${old.pid ?? ''}: hello`)
  assert.equal(old.readyState, 'terminating')
  socket.close()
  await left()
})

test('server-sent events stay at the old worker until they end, and then the connection moves', async t => {
  const { srv, guest, old, generationOf, left } = await busy(t)
  guest.peer.send(get('/sse'))
  await guest.peer.take(`data: hello from ${old.pid ?? ''}`)
  await srv.reload()
  old.proc.kill('SIGUSR2')
  await guest.peer.take(`data: bye from ${old.pid ?? ''}`)
  await guest.peer.take('0\r\n\r\n')
  await left()
  assert.equal(generationOf(await guest.ask()), 2)
})

test('a WebSocket and a long poll end with workerTimeout', async t => {
  const { srv, port, guest, old, left } = await busy(t, { workerTimeout: '300ms' })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const waiting = message(old, 'waiting')
  guest.peer.send(get('/never'))
  await waiting
  const closed = once(socket, 'close')
  await srv.reload()
  await left()
  await within(closed, 'the close of the WebSocket')
  assert.equal(await guest.peer.takeAll(), '')
})

test('a worker whose connection goes on without a pause between requests leaves all the same', async t => {
  const { srv, guest, generationOf, left } = await busy(t)
  let over = false
  const seen = new Set<number>()
  const talk = async (): Promise<void> => {
    while (!over) seen.add(generationOf(await guest.ask()))
  }
  const talking = talk()
  await until(() => seen.size === 1)
  await srv.reload()
  await left()
  await until(() => seen.size === 2)
  over = true
  await talking
  assert.deepEqual([...seen], [1, 2])
})

test('a retired worker that has nothing leaves at once', async t => {
  const { srv, left } = await busy(t, { workerTimeout: '10m' })
  const gone = events(srv, 'terminate', 1)
  await srv.reload()
  await gone
  await left()
})
