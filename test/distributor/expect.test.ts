// `Expect: 100-continue` (RFC 9110 section 10.1.1): whether the client should send its body is for the
// one to say who reads it.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Distributor } from '#lib/distributor/distributor.js'
import type { DistributorRequest } from '#lib/distributor/middleware.js'
import { Upstream } from '#lib/proxy/upstream.js'
import { answer, front, hop, type Front } from '../helpers/front.js'
import { listen, rawClient, rawUpstream, type RawPeer, type RawUpstream } from '../helpers/raw.js'

const HEAD = 'POST / HTTP/1.1\r\nHost: front\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/** A distributor whose last handler forwards, as that of UpServer does. */
class Forwarding extends Distributor {
  upstream: Upstream | undefined

  protected override async handleRequest(req: DistributorRequest, res: ServerResponse): Promise<void> {
    if (this.upstream !== undefined) await this.forwardRequest(req, res, this.upstream)
  }
}

async function forwarding(
  t: TestContext
): Promise<{ client: RawPeer; upstream: RawUpstream; srv: Distributor }> {
  const upstream = await rawUpstream(t)
  const server = createServer()
  const srv = new Forwarding(server)
  srv.upstream = new Upstream(upstream.address, { timeoutMs: 0 })
  const client = rawClient(t, await listen(t, server))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { client, upstream, srv }
}

async function viaMiddleware(t: TestContext): Promise<{ client: RawPeer; upstream: RawUpstream }> {
  const { front: there, upstream } = await hop(t)
  return { client: there.connect(), upstream }
}

async function viaLastHandler(t: TestContext): Promise<{ client: RawPeer; upstream: RawUpstream }> {
  return forwarding(t)
}

async function behindMiddleware(t: TestContext): Promise<{ client: RawPeer; upstream: RawUpstream }> {
  const there = await forwarding(t)
  there.srv.use((_req, _res, next) => next())
  return there
}

for (const [where, setUp] of [
  ['by middleware', viaMiddleware],
  ['by the last handler', viaLastHandler],
  ['by the last handler behind middleware', behindMiddleware]
] as const) {
  test(`forwarded ${where}, the client gets the 100 of the upstream, once, and then sends its body`, async t => {
    const { client, upstream } = await setUp(t)
    client.send(HEAD)
    const worker = await upstream.accept()
    assert.match(await worker.takeHead(), /\r\nExpect: 100-continue\r\n/)
    worker.send(CONTINUE)
    assert.equal(await client.takeHead(), CONTINUE)
    client.send('body')
    assert.equal(await worker.takeBytes(4), 'body')
    worker.send(answer('taken'))
    assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
    assert.equal(await client.takeBytes(5), 'taken')
  })

  test(`forwarded ${where}, a refusal reaches the client without a 100`, async t => {
    const { client, upstream } = await setUp(t)
    client.send(HEAD)
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.send(answer('who?', [], '401 Unauthorized'))
    assert.match(await client.takeHead(), /^HTTP\/1.1 401 /)
    assert.equal(await client.takeBytes(4), 'who?')
  })

  test(`forwarded ${where}, a client that does not wait for the 100 is served`, async t => {
    const { client, upstream } = await setUp(t)
    client.send(HEAD + 'body')
    const worker = await upstream.accept()
    await worker.takeHead()
    assert.equal(await worker.takeBytes(4), 'body')
    worker.send(answer('taken'))
    assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
  })
}

const READERS: Record<string, (req: IncomingMessage) => Promise<string>> = {
  "'data'": req =>
    new Promise(resolve => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => resolve(body))
    }),
  'for await': text,
  "'readable'": req =>
    new Promise(resolve => {
      const chunks: Buffer[] = []
      req
        .on('readable', () => {
          for (let chunk: unknown; (chunk = req.read()) !== null;) chunks.push(chunk as Buffer)
        })
        .on('end', () => resolve(Buffer.concat(chunks).toString()))
    }),
  'a consumer of node:stream': async req => (await buffer(req)).toString()
}

async function reading(t: TestContext, read: (req: IncomingMessage) => Promise<string>): Promise<Front> {
  const there = await front(t)
  there.srv.use(async (req, res) => res.end(`got ${await read(req)}`))
  return there
}

for (const [how, read] of Object.entries(READERS)) {
  test(`middleware that reads the body by ${how} lets the client send it`, async t => {
    const client = (await reading(t, read)).connect().send(HEAD)
    assert.equal(await client.takeHead(), CONTINUE)
    client.send('body')
    assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
    assert.equal(await client.takeBytes(8), 'got body')
  })
}

test('middleware that answers without reading the body spares the client from sending it', async t => {
  const there = await front(t)
  there.srv.use((_req, res) => res.writeHead(403, { Connection: 'close' }).end())
  assert.match(await there.connect().send(HEAD).takeAll(), /^HTTP\/1.1 403 /)
})

test('a server that looks at expectations itself goes on doing so', async t => {
  const server = createServer()
  server.on('checkContinue', (_req, res: ServerResponse) => res.writeHead(418, { Connection: 'close' }).end())
  const there = await front(t, { server })
  assert.match(await there.connect().send(HEAD).takeAll(), /^HTTP\/1.1 418 /)
})
