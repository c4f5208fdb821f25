import assert from 'node:assert/strict'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import type { UpOptions } from '#lib/options/options.js'
import { UpServer } from '#lib/server/up-server.js'
import { fixture } from '../helpers/app.js'
import { ask, bothServer, cert, key, session } from '../helpers/http2.js'
import { RawPeer } from '../helpers/raw.js'
import { events, message } from '../helpers/wait.js'

// HTTP/1.1 behind a server of node:http2 is as fast, and limited as, behind one of node:https.

const GET = 'GET /pid HTTP/1.1\r\nHost: a\r\n\r\n'

interface Side {
  readonly srv: UpServer
  readonly origin: string
  connect(): Promise<RawPeer>
  /** The server's connections that node:http has not seen. */
  fast(): number
}

async function start(
  t: TestContext,
  { server = bothServer(), file = 'app.mjs', ...options }: UpOptions & StartOptions = {}
): Promise<Side> {
  const srv = new UpServer(server, fixture(file), { numWorkers: 1, execArgv: [], ...options })
  t.after(() => srv.close())
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await Promise.all([events(srv, 'spawn', 1), once(server.listen(0, '127.0.0.1'), 'listening')])
  const { port } = server.address() as AddressInfo
  return {
    srv,
    origin: `https://127.0.0.1:${port}`,
    async connect() {
      const options = { port, host: '127.0.0.1', ca: cert, servername: 'localhost' }
      const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] })
      t.after(() => socket.destroy())
      await once(socket, 'secureConnect')
      return new RawPeer(socket)
    },
    fast: () => [...sockets].filter(socket => !('parser' in socket) || socket.parser === undefined).length
  }
}

interface StartOptions {
  server?: Http2SecureServer
  file?: string
}

async function takeAnswer(client: RawPeer): Promise<string> {
  const head = await client.takeHead()
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  return head + (await client.takeBytes(length))
}

test('Plain requests are answered without node:http, and the others by it', async t => {
  const side = await start(t)
  const client = await side.connect()
  for (let i = 0; i < 3; i++) assert.match(await takeAnswer(client.send(GET)), /^HTTP\/1\.1 200 OK\r\n/)
  assert.equal(side.fast(), 1)
  client
    .send('POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel')
    .send('lo\r\n0\r\n\r\n')
  assert.match(await takeAnswer(client), /\r\n\r\n5$/)
  assert.equal(side.fast(), 0)
  assert.match(await takeAnswer(client.send(GET)), /^HTTP\/1\.1 200 OK\r\n/)
})

test('HTTP/2 is not taken for HTTP/1.1', async t => {
  const side = await start(t)
  const client = session(t, side.origin)
  assert.equal((await ask(client, { ':path': '/pid' })).status, 200)
})

test('A server that has classes of its own gets every request', async t => {
  class Answer extends ServerResponse {}
  const server = createSecureServer({ cert, key, allowHTTP1: true, Http1ServerResponse: Answer })
  const seen: unknown[] = []
  server.on('request', (_req: unknown, res: unknown) => seen.push(res))
  const side = await start(t, { server })
  await takeAnswer((await side.connect()).send(GET))
  assert.ok(seen[0] instanceof Answer)
  assert.equal(side.fast(), 0)
})

for (const [what, bytes] of Object.entries({
  'a length': 'HTTP/1.1 200 OK\r\nX: \xe4\r\nContent-Length: 2\r\n\r\nhi',
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  '304': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 20\r\n\r\n',
  'no HTTP': 'SSH-2.0-x\r\n\r\n'
})) {
  test(`With and without the fast path a client sees the same: the worker sends ${what}`, async t => {
    const path = `/say/${Buffer.from(bytes, 'latin1').toString('base64url')}`
    const seen = await Promise.all(
      [true, false].map(async fastPath => {
        const side = await start(t, { file: 'scripted.cjs', fastPath })
        const client = await side.connect()
        client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
        const head = await client.takeHead()
        client.send('GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        return head + (await client.takeAll())
      })
    )
    const comparable = seen.map(text =>
      text.replace(/\r\nDate: [^\r]*/g, '').replace(/127\.0\.0\.1 \d+ s/g, 'client')
    )
    assert.equal(comparable[0], comparable[1])
    assert.match(comparable[0] ?? '', /Keep-Alive: timeout=5\r\n/)
  })
}

for (const fastPath of [true, false]) {
  const way = fastPath ? 'with' : 'without'

  test(`A connection that is idle between two requests is closed, ${way} the fast path`, async t => {
    const server = bothServer()
    const side = await start(t, { server, fastPath })
    assert.equal(Reflect.get(server, 'keepAliveTimeout'), 5000)
    Reflect.set(server, 'keepAliveTimeout', 50)
    const client = await side.connect()
    await takeAnswer(client.send(GET))
    assert.equal(await client.takeAll(), '')
  })

  test(`close() ends idle connections at once, ${way} the fast path`, async t => {
    const side = await start(t, { fastPath, workerTimeout: '1m' })
    const [idle, silent] = [await side.connect(), await side.connect()]
    await takeAnswer(idle.send(GET))
    const http2 = session(t, side.origin)
    await ask(http2, { ':path': '/pid' })
    await Promise.all([side.srv.close(), idle.whenClosed(), once(http2, 'close')])
    await silent.whenClosed()
  })

  test(`close() lets a request have its answer, and closes its connection, ${way} the fast path`, async t => {
    const side = await start(t, { fastPath, workerTimeout: '1m' })
    const client = await side.connect()
    const [worker] = side.srv.workers
    assert.ok(worker)
    const waiting = message(worker, 'waiting')
    client.send('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
    await waiting
    const closed = side.srv.close()
    worker.proc.kill('SIGUSR2')
    assert.match(await client.takeAll(), /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/)
    await closed
  })
}

test('A request without Host is refused, as by node:http', async t => {
  const side = await start(t)
  const client = await side.connect()
  client.send('GET / HTTP/1.1\r\n\r\n')
  assert.match(await client.takeAll(), /^HTTP\/1\.1 400 Bad Request\r\n/)
})
