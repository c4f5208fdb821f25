import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { answer, front, get, request, type Front } from '../helpers/front.js'
import { Deferred } from '../helpers/deferred.js'
import { listen, rawUpstream, TRANSPORTS } from '../helpers/raw.js'

const MB = 1024 * 1024

/** Resolves when the request holds as much of its body as it may, so that its socket is not read any more. */
async function full(req: IncomingMessage): Promise<void> {
  while (req.readableLength < req.readableHighWaterMark) await turn()
}

/** Serves some requests over other connections, which takes many turns of the event loop. */
async function serveOthers(there: Front): Promise<void> {
  for (let i = 0; i < 20; i++) assert.match(await there.ask(get('/other')), /^HTTP\/1.1 200 /)
}

/** Collects the codes of the errors; the default handler answers. */
function codesOf(there: Front): unknown[] {
  const codes: unknown[] = []
  there.srv.use(function (error: unknown, _req: unknown, _res: unknown, next: () => void) {
    codes.push(Reflect.get(Object(error), 'code'))
    next()
  })
  return codes
}

for (const transport of TRANSPORTS) {
  test(`a body that arrives while middleware decides waits at the ${transport} socket, and is whole`, async t => {
    const received = new Deferred<string>()
    const server = createServer((req, res) => {
      const hash = createHash('sha256')
      req
        .on('data', (chunk: Buffer) => hash.update(chunk))
        .on('end', () => {
          received.resolve(hash.digest('hex'))
          res.end('taken')
        })
    })
    const upstream = await listen(t, server, transport)
    t.after(() => server.close())
    const there = await front(t, { transport })
    const arrived = new Deferred<IncomingMessage>()
    const decide = new Deferred()
    there.srv
      .use((req, res, next) => {
        if (req.url === '/other') res.end()
        else next()
      })
      .use(async (req, _res, next) => {
        arrived.resolve(req)
        await decide.promise
        next(upstream)
      })
    const body = randomBytes(16 * MB)
    const client = there.connect()
    client.send(
      `POST / HTTP/1.1\r\nHost: front\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
    )
    client.send(body)

    const req = await arrived.promise
    await full(req)
    const socket: Socket = req.socket
    const before = socket.bytesRead
    await serveOthers(there)
    assert.equal(socket.bytesRead, before)
    assert.ok(before < MB, `${before} bytes were read`)

    decide.resolve()
    assert.equal(await received.promise, createHash('sha256').update(body).digest('hex'))
    assert.match(await client.takeAll(), /taken/)
    server.closeAllConnections()
  })
}

test('an undecided request whose client leaves is over', async t => {
  const upstream = await rawUpstream(t)
  const there = await front(t)
  const arrived = new Deferred<IncomingMessage>()
  const decide = new Deferred()
  there.srv.use(async (req, _res, next) => {
    arrived.resolve(req)
    await decide.promise
    next(upstream.address)
  })
  const client = there.connect().send('POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 10\r\n\r\n12345')
  const req = await arrived.promise
  const closed = new Promise(resolve => req.once('close', resolve))
  client.reset()
  await closed
  decide.resolve()
  await turn()
  assert.equal(upstream.connections.length, 0)
})

const READERS: Record<string, (req: IncomingMessage) => Promise<unknown>> = {
  'the whole body': req => text(req),
  'a part of the body': req =>
    new Promise(resolve =>
      req.once('readable', () => {
        req.read(2)
        resolve(undefined)
      })
    ),
  'a chunk and paused': req =>
    new Promise(resolve =>
      req.once('data', () => {
        req.pause()
        resolve(undefined)
      })
    ),
  'the body as text from now on': async req => req.setEncoding('utf8')
}

for (const [what, read] of Object.entries(READERS)) {
  test(`a request cannot be forwarded once middleware read ${what}`, async t => {
    const upstream = await rawUpstream(t)
    const there = await front(t)
    const codes = codesOf(there)
    there.srv.use(async (req, _res, next) => {
      await read(req)
      next(upstream.address)
    })
    assert.match(await there.ask(request('POST', '/', [], 'body')), /^HTTP\/1.1 500 /)
    assert.deepEqual(codes, ['UP_ERR_BODY_READ'])
    assert.equal(upstream.connections.length, 0)
  })
}

test('a request without a body is forwarded although middleware looked for one', async t => {
  const upstream = await rawUpstream(t)
  upstream.answerAll((_head, peer) => peer.send(answer('forwarded')))
  const there = await front(t)
  there.srv.use(async (req, _res, next) => {
    assert.equal(await text(req), '')
    next(upstream.address)
  })
  assert.match(await there.ask(get()), /forwarded$/)
})

test('middleware that only listens to the body and goes on hears what is forwarded', async t => {
  const upstream = await rawUpstream(t)
  const there = await front(t)
  let heard = ''
  there.srv.use((req, _res, next) => {
    req.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    next(upstream.address)
  })
  const whole = there.ask(request('POST', '/', [], 'a body'))
  const worker = await upstream.accept()
  await worker.takeHead()
  assert.equal(await worker.takeBytes(6), 'a body')
  worker.send(answer('taken'))
  assert.match(await whole, /taken$/)
  assert.equal(heard, 'a body')
})

test('a body that middleware paused flows once the request is forwarded', async t => {
  const upstream = await rawUpstream(t)
  const there = await front(t)
  there.srv.use((req, _res, next) => {
    req.pause()
    next(upstream.address)
  })
  const whole = there.ask(request('POST', '/', [], 'a body'))
  const worker = await upstream.accept()
  await worker.takeHead()
  assert.equal(await worker.takeBytes(6), 'a body')
  worker.send(answer('taken'))
  assert.match(await whole, /taken$/)
})

test('middleware may answer without reading the body, and the connection goes on', async t => {
  const there = await front(t)
  there.srv.use((req, res) => res.end(req.url))
  const client = there.connect().send(request('POST', '/a', [], 'x'.repeat(MB)) + get('/b'))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
  assert.equal(await client.takeBytes(2), '/a')
  await client.takeHead()
  assert.equal(await client.takeBytes(2), '/b')
})
