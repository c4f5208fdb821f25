import assert from 'node:assert/strict'
import type { Server, Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import { fixture, serve, writeApp, type Running } from '../helpers/app.js'
import { rawClient, type RawPeer } from '../helpers/raw.js'
import { message, until } from '../helpers/wait.js'

const GET = 'GET /pid HTTP/1.1\r\nHost: a\r\n\r\n'

interface Side extends Running {
  connect(): RawPeer
  /** The server's connections that node:http has not seen. */
  readonly fast: () => Socket[]
  inFlight(): number
}

async function start(t: TestContext, file = fixture('app.mjs'), options: UpOptions = {}): Promise<Side> {
  const running = await serve(t, file, { numWorkers: 1, ...options })
  const sockets = watch(running.server)
  return {
    ...running,
    connect: () => rawClient(t, { port: running.port, host: '127.0.0.1' }),
    fast: () => [...sockets].filter(socket => !('parser' in socket) || socket.parser === undefined),
    inFlight: () => running.srv.status().workers.reduce((sum, { inFlight }) => sum + inFlight, 0)
  }
}

function watch(server: Server): Set<Socket> {
  const open = new Set<Socket>()
  server.on('connection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

async function takeAnswer(client: RawPeer): Promise<string> {
  const head = await client.takeHead()
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  return head + (await client.takeBytes(length))
}

test('Plain requests of a connection are answered without node:http', async t => {
  const side = await start(t)
  const client = side.connect()
  for (let i = 0; i < 3; i++) {
    client.send(GET)
    assert.match(await takeAnswer(client), /^HTTP\/1\.1 200 OK\r\n/)
  }
  assert.equal(side.fast().length, 1)
  assert.equal(side.srv.status().workers[0]?.requests, 3)
})

test('With fastPath false none is', async t => {
  const side = await start(t, undefined, { fastPath: false })
  const client = side.connect().send(GET)
  await takeAnswer(client)
  assert.equal(side.fast().length, 0)
})

test('A request that is not plain goes to node:http with all behind it', async t => {
  const side = await start(t)
  const client = side.connect().send(GET)
  await takeAnswer(client)
  client
    .send('POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')
    .send('lo\r\n0\r\n\r\n')
  assert.match(await takeAnswer(client), /\r\n\r\n5$/)
  assert.equal(side.fast().length, 0)
  client.send(GET)
  assert.match(await takeAnswer(client), /^HTTP\/1\.1 200 OK\r\n/)
})

test('What is pipelined is answered, although the client has ended its side behind it', async t => {
  const side = await start(t, fixture('scripted.cjs'))
  const client = side.connect()
  client.send('POST /echo/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /echo/2 HTTP/1.1\r\nHost: a\r\n\r\n').end()
  const all = await client.takeAll()
  assert.deepEqual(all.match(/\/echo\/\d/g), ['/echo/1', '/echo/2'])
})

test('A head that comes in pieces is put together', async t => {
  const side = await start(t)
  const client = side.connect()
  client.send(GET.slice(0, 10))
  await until(() => side.fast().length === 0)
  client.send(GET.slice(10))
  assert.match(await takeAnswer(client), /^HTTP\/1\.1 200 OK\r\n/)
})

test('Pipelined requests are answered in order', async t => {
  const side = await start(t, fixture('scripted.cjs'))
  const client = side.connect()
  const answer = (n: number): string => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`
  const path = (n: number): string => Buffer.from(answer(n)).toString('base64url')
  client.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => side.inFlight() === 1)
  const second = side.connect()
  second.send(`GET /say/${path(1)} HTTP/1.1\r\nHost: a\r\n\r\n`)
  for (const n of [2, 3]) second.send(`GET /say/${path(n)} HTTP/1.1\r\nHost: a\r\n\r\n`)
  second.send(`GET /say/${path(4)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  const all = await second.takeAll()
  assert.deepEqual(all.match(/\r\n\r\n\d/g), ['\r\n\r\n1', '\r\n\r\n2', '\r\n\r\n3', '\r\n\r\n4'])
})

test('What comes while a request is answered waits for its turn', async t => {
  const app = writeApp(
    t,
    `import { createServer } from 'node:http'
     let answer
     export default createServer((req, res) => {
       if (req.url === '/slow') answer = () => res.end('slow')
       else if (req.url === '/go') { answer(); res.end('go') }
       else res.end('next')
     })`
  )
  const side = await start(t, app.file)
  const client = side.connect().send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => side.inFlight() === 1)
  client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
  const other = side.connect().send('GET /go HTTP/1.1\r\nHost: a\r\n\r\n')
  await takeAnswer(other)
  assert.match(await takeAnswer(client), /slow$/)
  assert.match(await takeAnswer(client), /next$/)
})

test('Middleware that is added sees the next request of a connection that is open', async t => {
  const side = await start(t)
  const client = side.connect().send(GET)
  await takeAnswer(client)
  side.srv.use((req, res, next) => {
    res.setHeader('X-Seen', req.url ?? '')
    next()
  })
  client.send(GET)
  assert.match(await takeAnswer(client), /X-Seen: \/pid/)
})

test('A listener of the server’s requests sees all of them', async t => {
  const side = await start(t)
  const client = side.connect().send(GET)
  await takeAnswer(client)
  let seen = 0
  side.server.on('request', () => seen++)
  client.send(GET)
  await takeAnswer(client)
  assert.equal(seen, 1)
})

test('A client that resets its connection frees the worker', async t => {
  const side = await start(t, fixture('scripted.cjs'))
  const client = side.connect().send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => side.inFlight() === 1)
  client.reset()
  await until(() => side.inFlight() === 0)
})

test('A client that has ended its side gets its answer, and then the end', async t => {
  const side = await start(t)
  const client = side.connect().end(GET)
  const all = await client.takeAll()
  assert.match(all, /^HTTP\/1\.1 200 OK\r\n/)
})

test('An idle connection is closed after keepAliveTimeout, one with a request is not', async t => {
  const side = await start(t, fixture('scripted.cjs'))
  side.server.keepAliveTimeout = 100
  const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n').toString('base64url')
  const idle = side.connect().send(`GET /say/${answer} HTTP/1.1\r\nHost: a\r\n\r\n`)
  const busy = side.connect().send(`GET /say/${answer} HTTP/1.1\r\nHost: a\r\n\r\n`)
  await busy.takeHead()
  busy.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n')
  await idle.takeHead()
  await idle.takeAll()
  const later = side.connect().send(`GET /say/${answer} HTTP/1.1\r\nHost: a\r\n\r\n`)
  await later.takeHead()
  await later.takeAll()
  assert.equal(busy.ended, false)
  assert.equal(side.inFlight(), 1)
})

test('A connection that is silent from the start becomes one of node:http, with its limits', async t => {
  const side = await start(t)
  const silent = side.connect()
  await until(() => side.fast().length === 1)
  await until(() => side.fast().length === 0)
  silent.send(GET)
  assert.match(await takeAnswer(silent), /^HTTP\/1\.1 200 OK\r\n/)
})

test('close() of the server closes idle connections, and those with a request after the answer', async t => {
  const side = await start(t)
  const idle = side.connect().send(GET)
  await takeAnswer(idle)
  const busy = side.connect().send('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
  const [worker] = side.srv.workers
  assert.ok(worker)
  await message(worker, 'waiting')
  const closed = side.srv.close()
  await idle.takeAll()
  worker.proc.kill('SIGUSR2')
  assert.match(await busy.takeAll(), /\r\nConnection: close\r\n[^]*waited at/)
  await closed
  assert.equal(side.server.listenerCount('connection'), 2)
})

test('closeAllConnections() of the server closes those with a request, too', async t => {
  const side = await start(t, fixture('scripted.cjs'))
  const client = side.connect().send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => side.inFlight() === 1)
  side.server.closeAllConnections()
  assert.equal(await client.takeAll(), '')
  await until(() => side.inFlight() === 0)
})

test('An answer is held back for a client that does not read it', async t => {
  const app = writeApp(
    t,
    `import { createServer } from 'node:http'
     const piece = Buffer.alloc(65536, 'x')
     export default createServer((req, res) => {
       let left = 1600
       const more = () => { while (left > 0) { left--; if (!res.write(piece)) return } res.end() }
       res.on('drain', more)
       more()
     })`
  )
  const side = await start(t, app.file)
  const client = side.connect()
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => side.fast().some(socket => socket.writableNeedDrain))
  const [socket] = side.fast()
  assert.ok((socket?.writableLength ?? 0) < 1024 * 1024)
  client.socket.resume()
  client.socket.on('data', () => (client.text = client.text.slice(-7)))
  await until(() => client.text.endsWith('\r\n0\r\n\r\n'))
  assert.equal(side.inFlight(), 0)
  assert.ok(client.bytes > 1600 * 65_536)
})

test('A client that does not take its answers gets no more of them', async t => {
  const app = writeApp(
    t,
    `import { createServer } from 'node:http'
     const body = Buffer.alloc(4 << 20, 'x')
     export default createServer((req, res) => res.end(req.url === '/big' ? body : 'small'))`
  )
  const side = await start(t, app.file)
  const client = side.connect()
  client.socket.pause()
  const answered = (): number => (side.inFlight() === 0 ? (side.srv.status().workers[0]?.requests ?? 0) : 0)
  let sent = 0
  while (!side.fast().some(socket => socket.writableNeedDrain)) {
    client.send('GET /big HTTP/1.1\r\nHost: a\r\n\r\n')
    sent++
    await until(() => answered() === sent || side.fast().some(socket => socket.writableNeedDrain))
  }
  client.send('GET /small HTTP/1.1\r\nHost: a\r\n\r\n')
  const other = side.connect().send('GET /small HTTP/1.1\r\nHost: a\r\n\r\n')
  await takeAnswer(other)
  assert.equal(side.srv.status().workers[0]?.requests, sent + 1)
  client.socket.on('data', () => (client.text = client.text.slice(-9)))
  client.socket.resume()
  await until(() => client.text.endsWith('\r\n\r\nsmall'))
})

test('While no worker is available a plain request waits, and is answered', async t => {
  const side = await start(t, undefined, { workerTimeout: 0 })
  const client = side.connect().send(GET)
  const first = await takeAnswer(client)
  const reload = side.srv.reload()
  client.send(GET)
  const second = await takeAnswer(client)
  await reload
  assert.notEqual(first.split('\r\n\r\n')[1], second.split('\r\n\r\n')[1])
  assert.equal(side.fast().length, 1)
})

test('One that cannot wait gets 503 with Retry-After', async t => {
  const side = await start(t, undefined, { workerTimeout: 0, maxHeld: 0 })
  const client = side.connect().send(GET)
  await takeAnswer(client)
  const reload = side.srv.reload()
  await until(() => side.srv.workers.length === 0)
  client.send(GET)
  const refused = await takeAnswer(client)
  assert.match(refused, /^HTTP\/1\.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n/)
  await reload
  client.send(GET)
  assert.match(await takeAnswer(client), /^HTTP\/1\.1 200 OK\r\n/)
})
