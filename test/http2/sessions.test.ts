import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { test, type TestContext } from 'node:test'
import { Http2Sessions } from '#lib/distributor/http2-sessions.js'
import { listen } from '../helpers/raw.js'
import { GET, RawHttp2, type Frame } from '../helpers/raw-http2.js'
import { until, within } from '../helpers/wait.js'

interface Sides {
  readonly sessions: Http2Sessions
  readonly server: Http2Server
  /** Streams that the server has and that the test answers. */
  readonly streams: ServerHttp2Stream[]
  readonly client: RawHttp2
  readonly port: number
}

async function start(t: TestContext, idleMs?: number): Promise<Sides> {
  const server = createServer()
  const sessions = new Http2Sessions(idleMs)
  const streams: ServerHttp2Stream[] = []
  server.on('session', session => sessions.add(session))
  server.on('stream', stream => streams.push(stream))
  const address = await listen(t, server)
  const client = new RawHttp2(t, address)
  t.after(() => server.close())
  return { sessions, server, streams, client, port: address.port ?? 0 }
}

async function request({ client, streams }: Sides, id: number): Promise<ServerHttp2Stream> {
  const before = streams.length
  client.headers(id, GET)
  await until(() => streams.length > before)
  const stream = streams.at(-1)
  assert.ok(stream)
  return stream
}

function answer(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 })
  stream.end('fine')
}

/** The last stream that a GOAWAY promises to look at. */
function lastStream({ payload }: Frame): number {
  return payload.readUInt32BE(0)
}

/** The end of the server begins, as `Connections` does it. */
function end({ sessions, server }: Sides): Promise<unknown> {
  sessions.end()
  return new Promise(resolve => server.close(resolve))
}

test('A session without a stream ends at once, and names the last stream that it had', async t => {
  const sides = await start(t)
  answer(await request(sides, 1))
  assert.equal(await sides.client.end(1), 'answered')
  const closed = end(sides)
  assert.equal(lastStream(await sides.client.takeType('GOAWAY')), 1)
  // What crossed it the client may repeat elsewhere: it is not answered.
  sides.client.headers(3, GET)
  await sides.client.peer.takeAll()
  sides.client.peer.end()
  await within(closed, 'the end of the server')
  assert.equal(sides.streams.length, 1)
})

test('A session with streams ends with their last answer, and takes no more of them', async t => {
  const sides = await start(t)
  const { client } = sides
  const first = await request(sides, 1)
  const second = await request(sides, 3)
  const closed = end(sides)
  assert.equal(lastStream(await client.takeType('GOAWAY')), 3)
  client.headers(5, GET)
  answer(second)
  assert.equal(await client.end(3), 'answered')
  answer(first)
  assert.equal(await client.end(1), 'answered')
  await client.peer.takeAll()
  client.peer.end()
  await within(closed, 'the end of the server')
  assert.equal(sides.streams.length, 2)
})

test('A session that begins when the end has begun ends at once', async t => {
  const sides = await start(t)
  sides.sessions.end()
  assert.equal(lastStream(await sides.client.takeType('GOAWAY')), 0)
  const late = new RawHttp2(t, { host: '127.0.0.1', port: sides.port })
  assert.equal(lastStream(await late.takeType('GOAWAY')), 0)
  for (const { peer } of [sides.client, late]) await peer.takeAll()
})

test('A client that closes its side has gone, with all its streams', async t => {
  const sides = await start(t)
  // As the Distributor sets it, for the clients of HTTP/1.1 at the same port.
  Object.assign(sides.server, { allowHalfOpen: true })
  const client = new RawHttp2(t, { host: '127.0.0.1', port: sides.port })
  const stream = await request({ ...sides, client }, 1)
  const closed = once(stream, 'close')
  client.peer.end()
  await within(closed, 'the end of the stream')
  await within(client.peer.takeAll(), 'the end of the connection')
})

test('A session that is idle ends, one with a silent stream does not', async t => {
  const sides = await start(t, 100)
  const busy = connect(`http://127.0.0.1:${sides.port}`)
  t.after(() => busy.destroy())
  const stream = busy.request({ ':path': '/' })
  await until(() => sides.streams.length === 1)
  assert.equal(lastStream(await sides.client.takeType('GOAWAY')), 0)
  await sides.client.peer.takeAll()
  const idle = connect(`http://127.0.0.1:${sides.port}`)
  await once(idle, 'goaway')
  assert.equal(busy.closed, false)
  const answered = sides.streams[0]
  assert.ok(answered)
  answer(answered)
  await once(stream, 'response')
  await once(busy, 'goaway')
})

test('A limit that the user set for his server stays', async t => {
  const sides = await start(t, 20)
  let told = 0
  sides.server.setTimeout(100).on('timeout', () => told++)
  const session = connect(`http://127.0.0.1:${sides.port}`)
  t.after(() => session.destroy())
  await until(() => told > 0)
  assert.equal(session.closed, false)
})
