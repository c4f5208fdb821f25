import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { reuseReads, type ReusedReader } from '#lib/front/reused-reads.js'
import { serve, writeApp } from '../helpers/app.js'
import { listen, rawClient, type RawPeer } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'

const MB = 1024 * 1024

/** Answers with the digest of what it got, which it reads in fits and starts; as WebSockets do, echoes what is upgraded. */
const APP = `
  import { createServer } from 'node:http'
  import { createHash } from 'node:crypto'
  export default createServer((req, res) => {
    const hash = createHash('sha256')
    let pieces = 0
    req.on('data', piece => {
      hash.update(piece)
      if (++pieces % 40 !== 0) return
      req.pause()
      setTimeout(() => req.resume(), 2)
    })
    req.on('end', () => res.end(hash.digest('hex')))
    if (req.url === '/early') res.writeHead(413, { 'Content-Length': 0 }).end()
  }).on('upgrade', (req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n')
    socket.pipe(socket)
  })`

/** Pieces of all sizes, none like another, so that one that was written over would be noticed. */
function body(megabytes: number, seed: number): Buffer {
  const all = Buffer.alloc(megabytes * MB)
  for (let at = 0, i = seed; at < all.length; i++) {
    const size = [1, 100, 5000, 40_000, 65_536, 200_000][i % 6] ?? 1
    all.fill(`${i.toString(36)}-`, at, Math.min(all.length, at + size))
    at += size
  }
  return all
}

function post(bytes: Buffer, target = '/'): Buffer {
  const head = `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Side {
  readonly client: RawPeer
  readonly accepted: readonly Socket[]
}

async function start(t: TestContext, prepare?: (server: Server) => void): Promise<Side> {
  const { server, port, srv } = await serve(t, writeApp(t, APP).file, { numWorkers: 1 })
  const accepted: Socket[] = []
  server.on('connection', socket => accepted.push(socket))
  prepare?.(server)
  t.after(() => until(() => srv.status().workers.every(worker => worker.inFlight === 0)))
  return { client: rawClient(t, { port, host: '127.0.0.1' }), accepted }
}

/** Whether the socket reads into memory of ours. */
function isReusing(socket: Socket | undefined): boolean {
  const key = Object.getOwnPropertySymbols(socket ?? {}).find(({ description }) => description === 'kBuffer')
  return key !== undefined && Reflect.get(socket ?? {}, key) !== null
}

test('Long bodies arrive unchanged at a worker that reads in fits and starts, one behind the other', async t => {
  const { client, accepted } = await start(t)
  for (const [size, seed] of [
    [9, 1],
    [3, 2],
    [1, 3]
  ] as const) {
    const bytes = body(size, seed)
    client.socket.write(post(bytes))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    assert.equal(await client.takeBytes(64), digest(bytes))
  }
  assert.ok(isReusing(accepted[0]))
})

test('Behind a long body come short ones, chunked ones and an upgrade, all on the same connection', async t => {
  const { client } = await start(t)
  const long = body(2, 1)
  const short = Buffer.from('short')
  client.socket.write(Buffer.concat([post(long), post(short)]))
  for (const bytes of [long, short]) {
    await client.takeHead()
    assert.equal(await client.takeBytes(64), digest(bytes))
  }
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunks = body(1, 2)
  client.send(`${chunks.length.toString(16)}\r\n`)
  client.socket.write(chunks)
  client.send('\r\n0\r\n\r\n')
  await client.takeHead()
  assert.equal(await client.takeBytes(64), digest(chunks))
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  assert.match(await client.takeHead(), /^HTTP\/1\.1 101 /)
  const echoed = body(1, 3)
  client.socket.write(echoed)
  assert.equal(digest(Buffer.from(await client.takeBytes(echoed.length), 'latin1')), digest(echoed))
})

test('What is left of a long body behind its answer is dropped, and the next request served', async t => {
  const { client } = await start(t)
  client.socket.write(post(body(4, 1), '/early'))
  assert.match(await client.takeHead(), /^HTTP\/1\.1 413 /)
  const short = Buffer.from('short')
  client.socket.write(post(short))
  await client.takeHead()
  assert.equal(await client.takeBytes(64), digest(short))
})

test('Who listens to what a connection brings hears all of it', async t => {
  const heard = createHash('sha256')
  const { client } = await start(t, server =>
    server.on('connection', (socket: Socket) => socket.on('data', piece => heard.update(piece)))
  )
  const sent = post(body(3, 1))
  client.socket.write(sent)
  await client.takeHead()
  await client.takeBytes(64)
  assert.equal(heard.digest('hex'), digest(sent))
})

/** An accepted socket, and its client. */
async function pair(t: TestContext): Promise<{ socket: Socket; client: Socket }> {
  const server = createServer()
  t.after(() => server.close())
  const address = await listen(t, server)
  const client = connect(address.port ?? 0, '127.0.0.1')
  t.after(() => client.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.after(() => socket.destroy())
  return { socket, client }
}

test('A piece whose memory is in use is not written over', async t => {
  const { socket, client } = await pair(t)
  const pieces: Buffer[] = []
  let wantsReads = false
  const reader: ReusedReader = {
    get wantsReads() {
      return wantsReads
    },
    usesReads: true,
    takeRead: piece => void pieces.push(piece)
  }
  socket.on('data', piece => pieces.push(piece))
  assert.ok(reuseReads(socket, reader, Buffer.alloc(4096)))
  client.write('x')
  await until(() => pieces.length === 1)
  wantsReads = true
  pieces.length = 0
  const sent = body(2, 1)
  client.write(sent)
  await until(() => pieces.reduce((sum, piece) => sum + piece.length, 0) === sent.length)
  assert.equal(digest(Buffer.concat(pieces)), digest(sent))
})

test('Without what node:net has for it inside, a socket reads as always', async t => {
  const { socket, client } = await pair(t)
  const handle = Reflect.get(socket, '_handle') as object
  Reflect.set(handle, 'useUserBuffer', undefined)
  const reader: ReusedReader = { wantsReads: true, usesReads: false, takeRead: () => assert.fail() }
  assert.equal(reuseReads(socket, reader, Buffer.alloc(4096)), false)
  let received = ''
  socket.on('data', piece => (received += piece.toString()))
  client.write('all')
  await until(() => received === 'all')
})
