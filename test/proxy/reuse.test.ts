// A pooled connection may be closed by its upstream at the moment of its reuse.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { answer, get, hop, request } from '../helpers/front.js'
import { TRANSPORTS, type RawPeer, type RawUpstream, type Transport } from '../helpers/raw.js'

interface Pooled {
  readonly client: RawPeer
  readonly upstream: RawUpstream
  /** The ends of the pool's idle connections at the upstream. */
  readonly idle: readonly RawPeer[]
}

/** A client whose front has `count` idle connections to the upstream. */
async function pooled(t: TestContext, transport: Transport, count = 1): Promise<Pooled> {
  const { front, upstream } = await hop(t, { transport })
  const client = front.connect().send(get('/warm-up').repeat(count))
  const idle: RawPeer[] = []
  for (let i = 0; i < count; i++) idle.push(await upstream.accept())
  for (const worker of idle) {
    await worker.takeHead()
    worker.send(answer(''))
    await client.takeHead()
  }
  return { client, upstream, idle }
}

for (const transport of TRANSPORTS) {
  for (const how of ['end', 'reset'] as const) {
    test(`a GET is repeated on a new connection when its old one goes by ${how}, over ${transport}`, async t => {
      // Each of the idle ones goes in this way, not only the first that is tried.
      const { client, upstream, idle } = await pooled(t, transport, 3)
      for (const worker of idle) worker.socket.once('data', () => worker[how]())
      client.send(get('/again'))
      const fresh = await upstream.accept()
      assert.match(await fresh.takeHead(), /^GET \/again /)
      fresh.send(answer('once'))
      assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
      assert.equal(upstream.connections.length, 4)
    })

    test(`a POST that was sent is 502 and runs once when its connection goes by ${how}, over ${transport}`, async t => {
      const { client, upstream, idle } = await pooled(t, transport)
      client.send(request('POST', '/once', [], 'body'))
      await idle[0]?.take('body')
      idle[0]?.[how]()
      assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
      assert.equal(upstream.connections.length, 1)
    })
  }

  test(`a GET is not repeated twice, over ${transport}`, async t => {
    const { client, upstream, idle } = await pooled(t, transport)
    client.send(get('/again'))
    await idle[0]?.takeHead()
    idle[0]?.reset()
    const fresh = await upstream.accept()
    await fresh.takeHead()
    fresh.reset()
    assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
    assert.equal(upstream.connections.length, 2)
  })

  test(`a GET with a body is not repeated, over ${transport}`, async t => {
    const { client, upstream, idle } = await pooled(t, transport)
    client.send(request('GET', '/', [], 'body'))
    await idle[0]?.take('body')
    idle[0]?.reset()
    assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
    assert.equal(upstream.connections.length, 1)
  })

  test(`a GET whose answer has begun is not repeated, over ${transport}`, async t => {
    const { client, upstream, idle } = await pooled(t, transport)
    client.send(get('/'))
    await idle[0]?.takeHead()
    idle[0]?.end('H')
    assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
    assert.equal(upstream.connections.length, 1)
  })
}

test('an answer that nobody asked for is not the answer to what comes next', async t => {
  const { client, upstream, idle } = await pooled(t, 'tcp')
  const [worker] = idle
  worker?.send(answer('evil', ['Connection: close'], '408 Request Timeout'))
  await worker?.takeAll()
  client.send(get('/next'))
  const fresh = await upstream.accept()
  await fresh.takeHead()
  fresh.send(answer('good'))
  await client.takeHead()
  assert.equal(await client.takeBytes(4), 'good')
})

for (const [title, text] of [
  ['says close', answer('', ['Connection: close'])],
  ['is HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n']
] as const) {
  test(`a connection whose answer ${title} is not used again`, async t => {
    const { client, upstream, idle } = await pooled(t, 'tcp')
    client.send(get())
    await idle[0]?.takeHead()
    idle[0]?.send(text)
    await client.takeHead()
    client.send(get())
    await (await upstream.accept()).takeHead()
  })
}
