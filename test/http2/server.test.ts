import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import { get, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Agent, fetch } from 'undici'
import { WebSocket } from 'ws'
import { answerOf, ask, bothServer, cert, send, serveHttp2, session } from '../helpers/http2.js'
import { RawPeer } from '../helpers/raw.js'
import { GET, RawHttp2 } from '../helpers/raw-http2.js'
import { events, message, nextEvent, until, within } from '../helpers/wait.js'

const tls = { ca: cert, servername: 'localhost' }

test('HTTP/2, HTTP/1.1 and WebSockets share a port', async t => {
  const { srv, port, origin, inFlight } = await serveHttp2(t, bothServer(), { numWorkers: 1 })
  await nextEvent(srv, 'spawn')
  const pid = `${srv.workers[0]?.pid ?? ''}`

  const { status, body } = await ask(session(t, origin), { ':path': '/pid' })
  assert.deepEqual([status, body], [200, pid])

  const one = await new Promise<string>((resolve, reject) => {
    get(`${origin}/pid`, { ...tls, agent: false }, res => text(res).then(resolve, reject)).on('error', reject)
  })
  assert.equal(one, pid)

  const socket = new WebSocket(`wss://127.0.0.1:${port}`, tls)
  await once(socket, 'open')
  socket.send('hello')
  const [data] = (await once(socket, 'message')) as [Buffer]
  assert.equal(data.toString(), `${pid}: hello`)
  socket.close()
  await once(socket, 'close')

  const dispatcher = new Agent({ allowH2: true, connect: tls })
  t.after(() => dispatcher.destroy())
  for (let i = 0; i < 3; i++) {
    const res = await fetch(`${origin}/length`, { dispatcher, method: 'POST', body: 'x'.repeat(100_000) })
    assert.equal(await res.text(), '100000')
  }
  await until(() => inFlight() === 0)
})

test('Ten reloads under 100 streams of one session lose no request', async t => {
  const { srv, origin, inFlight } = await serveHttp2(t, bothServer(), { numWorkers: 2 })
  await events(srv, 'spawn', 2)
  const client = session(t, origin)
  let closed = false
  client.on('close', () => (closed = true)).on('goaway', () => (closed = true))
  const failed: string[] = []
  let answered = 0
  let running = true
  const body = 'x'.repeat(20_000)
  const loops = Array.from({ length: 100 }, async (_, i) => {
    while (running) {
      const post = i % 4 === 0
      const stream = send(
        client,
        post ? { ':method': 'POST', ':path': '/length' } : { ':path': '/pid' },
        post
      )
      if (post) stream.end(body)
      const answer = await answerOf(stream)
      const right = post ? answer.body === `${body.length}` : /^\d+$/.test(answer.body)
      if (answer.status !== 200 || answer.code !== 0 || !right) failed.push(JSON.stringify(answer))
      answered++
    }
  })
  for (let i = 0; i < 10; i++) {
    const before = answered
    await srv.reload()
    await until(() => answered > before + 100)
  }
  running = false
  await Promise.all(loops)
  assert.deepEqual(failed, [])
  assert.equal(closed, false)
  assert.equal(inFlight(), 0)
})

test('close() finishes the streams that are open, and ends their session', async t => {
  const { srv, origin } = await serveHttp2(t, bothServer(), { numWorkers: 1 })
  await nextEvent(srv, 'spawn')
  const [worker] = srv.workers
  assert.ok(worker !== undefined)
  const client = session(t, origin)
  const idle = session(t, origin)
  await once(idle, 'remoteSettings')
  const told = message(worker, 'waiting')
  const answered = answerOf(send(client, { ':path': '/half' }))
  await told
  const gone = Promise.all([once(client, 'goaway'), once(idle, 'close')])
  const closed = srv.close()
  await within(gone, 'the end of the idle session')
  worker.proc.kill('SIGUSR2')
  const { body, code } = await answered
  assert.deepEqual([body, code], ['halffull', 0])
  await within(closed, 'close()')
  await until(() => client.destroyed)
})

test('close() does not wait for clients that are silent, whatever they speak', async t => {
  const { srv, port } = await serveHttp2(t, bothServer(), { numWorkers: 1, workerTimeout: 100 })
  await nextEvent(srv, 'spawn')
  const sockets: TLSSocket[] = []
  for (const ALPNProtocols of [['h2'], ['h2'], ['http/1.1'], undefined]) {
    const socket = connectTls({ ...tls, port, host: '127.0.0.1', ...(ALPNProtocols && { ALPNProtocols }) })
    t.after(() => socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    sockets.push(socket)
  }
  sockets[0]?.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')
  const [worker] = srv.workers
  assert.ok(worker !== undefined)
  const told = message(worker, 'waiting')
  sockets[2]?.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n')
  await told
  await within(srv.close(), 'close()')
})

test('HTTP/1.1 is what it is behind an https.Server', async t => {
  const server = bothServer()
  const { port } = await serveHttp2(t, server, { numWorkers: 1 })
  const open = async (): Promise<RawPeer> => {
    const half: object = { allowHalfOpen: true }
    const socket = connectTls({ ...tls, ...half, port, host: '127.0.0.1' })
    t.after(() => socket.destroy())
    await once(socket, 'secureConnect')
    return new RawPeer(socket)
  }
  const hostless = (await open()).send('GET /pid HTTP/1.1\r\n\r\n')
  assert.match(await hostless.takeHead(), /^HTTP\/1\.1 400 /)

  const half = (await open()).end('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(await half.takeAll(), /^HTTP\/1\.1 200 [^]*\r\n\r\n\d+$/)

  Object.assign(server, { keepAliveTimeout: 50 })
  const idle = (await open()).send('GET /pid HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(await idle.takeHead(), /^HTTP\/1\.1 200 /)
  await idle.takeAll()
})
test('Requests wait for the first worker, and those that are reset meanwhile do not', async t => {
  const { srv, port, inFlight } = await serveHttp2(t, createServer(), { numWorkers: 1 })
  const client = new RawHttp2(t, { port, host: '127.0.0.1' })
  const path = (value: string): [string, string] => [':path', value]
  client.headers(1, [...GET.slice(0, -1), path('/pid')])
  client.headers(3, [...GET.slice(0, -1), path('/never')])
  client.headers(5, [[':method', 'POST'], ...GET.slice(1, -1), path('/never')], 0)
  client.headers(7, [[':method', 'POST'], ...GET.slice(1, -1), path('/never')], 0).frame('DATA', 0, 7, 'part')
  await until(() => srv.status().held === 4)
  client.reset(3, 8).reset(5, 0).reset(7, 0)
  await until(() => srv.status().held === 1)
  assert.equal(await client.end(1), 'answered')
  assert.equal(srv.workers[0]?.requests, 1)
  assert.equal(inFlight(), 0)
})

test('Each stream of a rapid reset releases its claim (CVE-2023-44487)', async t => {
  const { srv, port, inFlight } = await serveHttp2(t, createServer(), { numWorkers: 1 })
  await nextEvent(srv, 'spawn')
  const fields = [...GET.slice(0, -1), [':path', '/never'] as const]
  for (let round = 0; round < 5; round++) {
    const client = new RawHttp2(t, { port, host: '127.0.0.1' })
    for (let stream = 1; stream < 400; stream += 2) client.headers(stream, fields).reset(stream, 8)
    await until(() => client.peer.bytes > 0)
    client.headers(401, [...GET.slice(0, -1), [':path', '/pid']])
    // node:http2 may have had enough of this client.
    assert.match(await client.end(401), /answered|goaway|closed/)
  }
  await until(() => inFlight() === 0)
  assert.equal(srv.status().held, 0)
})

test('A session that ends tells which streams were still served', async t => {
  const { srv, port } = await serveHttp2(t, createServer(), { numWorkers: 1 })
  await nextEvent(srv, 'spawn')
  const [worker] = srv.workers
  assert.ok(worker !== undefined)
  const client = new RawHttp2(t, { port, host: '127.0.0.1' })
  const told = message(worker, 'waiting')
  client.headers(1, [...GET.slice(0, -1), [':path', '/wait']])
  await told
  const closed = srv.close()
  const goaway = await client.takeType('GOAWAY')
  assert.equal(goaway.payload.readUInt32BE(0), 1)
  assert.equal(goaway.payload.readUInt32BE(4), 0)
  client.headers(3, GET)
  worker.proc.kill('SIGUSR2')
  assert.equal(await client.end(1), 'answered')
  await within(closed, 'close()')
  assert.equal(worker.requests, 1)
})

test('A request that has waited for its continue is served over both versions', async t => {
  const { origin } = await serveHttp2(t, bothServer(), { numWorkers: 1 })
  const two = send(
    session(t, origin),
    { ':method': 'POST', ':path': '/length', expect: '100-continue' },
    true
  )
  two.on('continue', () => two.end('abc'))
  assert.equal((await answerOf(two)).body, '3')
  const one = request(`${origin}/length`, {
    ...tls,
    method: 'POST',
    headers: { Expect: '100-continue' },
    agent: false
  })
  one.on('continue', () => one.end('abcd')).flushHeaders()
  const [res] = (await once(one, 'response')) as [NodeJS.ReadableStream]
  assert.equal(await text(res), '4')
})
