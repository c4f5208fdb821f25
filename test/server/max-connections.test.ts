import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import type { Worker } from '#lib/worker/worker.js'
import { captureStderr, serve, writeApp, type Running } from '../helpers/app.js'
import { fetchOnce, RawClient } from '../helpers/client.js'
import { events, until } from '../helpers/wait.js'

/** Tells how many connections it had at most; answers `/slow` a little later, `/wait` upon SIGUSR2. */
const APP = `
  import { createServer } from 'node:http'
  import { WebSocketServer } from 'ws'
  let open = 0, most = 0, served = 0
  const waiting = []
  process.on('SIGUSR2', () => { for (const answer of waiting.splice(0)) answer() })
  const server = createServer((req, res) => {
    const text = req.url + ' ' + process.pid + ' ' + served++
    if (req.url === '/most') res.end(String(most))
    else if (req.url.startsWith('/wait')) { waiting.push(() => res.end(text)); process.send('waiting') }
    else if (req.url.startsWith('/close')) { res.setHeader('Connection', 'close'); setTimeout(() => res.end(text), 5) }
    else if (req.url.startsWith('/cut')) setTimeout(() => req.socket.destroy(), 5)
    else setTimeout(() => res.end(text), 5)
  })
  server.on('connection', socket => {
    most = Math.max(most, ++open)
    socket.on('close', () => open--)
  })
  new WebSocketServer({ server })
  export default server
`

async function running(t: TestContext, options: UpOptions): Promise<Running> {
  const app = writeApp(t, APP.replace("'ws'", JSON.stringify(import.meta.resolve('ws'))))
  return serve(t, app.file, { numWorkers: 1, maxConnections: 8, workerTimeout: 300, ...options })
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
}

/** How many requests are with the workers, whether answered or waiting for a connection. */
function inFlight({ srv }: Running): number {
  return srv.status().workers.reduce((sum, worker) => sum + worker.inFlight, 0)
}

/** Clients that each send one request over a connection of their own, in order. */
async function crowd(t: TestContext, there: Running, paths: readonly string[]): Promise<RawClient[]> {
  const before = inFlight(there)
  const clients: RawClient[] = []
  for (const [i, path] of paths.entries()) {
    const client = new RawClient(there.port).write(get(path))
    t.after(() => client.socket.destroy())
    clients.push(client)
    // The next one only when this one is there: the order is what counts.
    await until(() => inFlight(there) === before + i + 1)
  }
  return clients
}

/** A worker whose connections are all taken by requests that wait for SIGUSR2. */
async function full(
  t: TestContext,
  options: UpOptions = {}
): Promise<Running & { worker: Worker; open(): void }> {
  const there = await running(t, { maxConnections: 2, ...options })
  const [worker] = there.srv.workers
  assert.ok(worker !== undefined)
  await crowd(t, there, ['/wait/1', '/wait/2'])
  return { ...there, worker, open: () => worker.proc.kill('SIGUSR2') }
}

async function most({ port }: Running): Promise<number> {
  return Number((await fetchOnce(port, '/most')).body)
}

test('300 requests at once to one worker take 8 connections at most, and all are answered', async t => {
  const there = await running(t, {})
  const clients = Array.from({ length: 300 }, (_, i) => new RawClient(there.port).write(get(`/slow/${i}`)))
  for (const [i, client] of clients.entries()) {
    assert.match(await client.until(`/slow/${i} `), /^HTTP\/1.1 200 /)
    client.socket.destroy()
  }
  assert.equal(await most(there), 8)
  assert.equal(inFlight(there), 0)
})

test('requests that wait for a connection are served in the order in which they came', async t => {
  const there = await full(t, { maxConnections: 2 })
  const clients = await crowd(
    t,
    there,
    Array.from({ length: 20 }, (_, i) => `/slow/${i}`)
  )
  there.open()
  const served: number[] = []
  for (const client of clients) {
    const text = await client.until('\r\n\r\n/slow/')
    served.push(Number(/(\d+)$/.exec(text)?.[1]))
  }
  assert.deepEqual(served, Array.from({ length: 20 }, (_, i) => served[0] as number + i)) // prettier-ignore
  await until(() => inFlight(there) === 0)
})

for (const path of ['/close', '/cut']) {
  test(`a connection that ends with its request makes room for the next: ${path}`, async t => {
    const there = await running(t, { maxConnections: 3 })
    // A POST is not repeated.
    const posts = Array.from({ length: 30 }, () => fetchOnce(there.port, path, { method: 'POST', body: 'x' }))
    const statuses = new Set((await Promise.all(posts)).map(({ status }) => status))
    assert.deepEqual([...statuses], [path === '/cut' ? 502 : 200])
    // The worker may see the new connection before the end of the old.
    assert.ok((await most(there)) <= 6)
    assert.equal(inFlight(there), 0)
    assert.equal((await fetchOnce(there.port)).status, 200)
  })
}

test('a client that leaves the line frees its place, and those behind it go on', async t => {
  const there = await full(t, { maxHeld: 2 })
  const [leaving, staying] = await crowd(t, there, ['/slow/1', '/slow/2'])
  assert.equal((await fetchOnce(there.port, '/slow/3')).status, 503)
  leaving?.socket.resetAndDestroy()
  await until(() => inFlight(there) === 3)
  const next = fetchOnce(there.port, '/slow/4')
  await until(() => inFlight(there) === 4)
  there.open()
  assert.match((await staying?.until('/slow/2 ')) ?? '', /^HTTP\/1.1 200 /)
  assert.equal((await next).status, 200)
  assert.equal(inFlight(there), 0)
})

test('a client that leaves in the middle of its request makes room', async t => {
  const there = await running(t, { maxConnections: 1 })
  const [first] = await crowd(t, there, ['/wait'])
  const next = fetchOnce(there.port, '/slow')
  await until(() => inFlight(there) === 2)
  first?.socket.resetAndDestroy()
  assert.equal((await next).status, 200)
  assert.equal(inFlight(there), 0)
})

test('a request that waits for holdTimeout gets 503 with Retry-After', async t => {
  const there = await full(t, { holdTimeout: 200 })
  const { status, headers } = await fetchOnce(there.port, '/slow')
  assert.equal(status, 503)
  assert.match(headers['retry-after'] ?? '', /^\d+$/)
  assert.equal(inFlight(there), 2)
})

test('more than maxHeld in one line get 503', async t => {
  const there = await full(t, { maxHeld: 0 })
  assert.equal((await fetchOnce(there.port, '/slow')).status, 503)
})

test('bodies of requests that wait are not read, and arrive whole', async t => {
  const there = await full(t)
  const size = 8_000_000
  const client = new RawClient(there.port)
  t.after(() => client.socket.destroy())
  client
    .write(`POST /slow/body HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    .write(Buffer.alloc(size))
  await until(() => inFlight(there) === 3 && client.socket.writableLength > 0)
  assert.ok(client.socket.writableLength > size / 4)
  there.open()
  assert.match(await client.until('/slow/body '), /^HTTP\/1.1 200 /)
})

test('a client that resets its connection with a large body unread leaves the line', async t => {
  const there = await full(t)
  const client = new RawClient(there.port)
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n').write(Buffer.alloc(8_000_000))
  await until(() => inFlight(there) === 3 && client.socket.writableLength > 0)
  client.socket.resetAndDestroy()
  await until(() => inFlight(there) === 2)
})

test('when a worker dies, those in its line go to another one, POSTs as well', async t => {
  captureStderr(t)
  const there = await running(t, { numWorkers: 2, maxConnections: 2 })
  const [victim, other] = there.srv.workers
  assert.ok(victim !== undefined && other !== undefined)
  const post = (path: string): Promise<number> =>
    fetchOnce(there.port, path, { method: 'POST', body: 'body' }).then(({ status }) => status)
  const begun = []
  for (let i = 1; i <= 4; i++) {
    begun.push(post('/wait'))
    await until(() => inFlight(there) === i)
  }
  const waiting = Array.from({ length: 8 }, (_, i) => post(`/slow/${i}`))
  await until(() => inFlight(there) === 12)
  assert.equal(victim.inFlight, 6)
  victim.proc.kill('SIGKILL')
  await until(() => other.inFlight === 10)
  other.proc.kill('SIGUSR2')
  assert.deepEqual(
    await Promise.all(waiting),
    Array.from({ length: 8 }, () => 200)
  )
  // Those that the victim had begun are lost: nobody knows how far it got.
  assert.deepEqual((await Promise.all(begun)).sort(), [200, 200, 502, 502])
  assert.equal(inFlight(there), 0)
})

test('when a worker retires, those in its line go to the new one', async t => {
  const there = await full(t, { workerTimeout: '1h' })
  const clients = await crowd(t, there, ['/slow/1', '/slow/2', '/slow/3'])
  const { workers } = await there.srv.reload()
  for (const client of clients) {
    const text = await client.until('\r\n\r\n/slow/')
    assert.ok(text.includes(` ${workers[0]?.pid} `), text)
  }
  assert.equal(there.worker.inFlight, 2)
  const gone = events(there.srv, 'terminate', 1)
  there.open()
  await gone
})

test('round-robin passes a worker over whose connections are all busy, while another has room', async t => {
  const there = await running(t, { numWorkers: 2, maxConnections: 3 })
  const [slow, fast] = there.srv.workers
  assert.ok(slow !== undefined && fast !== undefined)
  await crowd(t, there, ['/wait/1', '/wait/2', '/wait/3', '/wait/4', '/wait/5', '/wait/6'])
  // Only one of the two gets free.
  fast.proc.kill('SIGUSR2')
  await until(() => fast.inFlight === 0)
  for (let i = 0; i < 6; i++)
    assert.match((await fetchOnce(there.port, '/slow')).body, new RegExp(` ${fast.pid} `))
  assert.equal(slow.inFlight, 3)
  slow.proc.kill('SIGUSR2')
  await until(() => inFlight(there) === 0)
})

test('WebSockets have connections of their own, which do not count', async t => {
  const there = await full(t)
  const socket = new RawClient(there.port)
  t.after(() => socket.socket.destroy())
  socket.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  )
  assert.match(await socket.until('\r\n\r\n'), /^HTTP\/1.1 101 /)
  assert.deepEqual([there.worker.inFlight, there.worker.upgrades], [2, 1])
})

test('close() refuses those that wait for a connection when its time is over', async t => {
  const there = await full(t, { workerTimeout: 300 })
  const [waiting] = await crowd(t, there, ['/slow'])
  await there.srv.close()
  assert.match((await waiting?.end())?.received ?? '', /^HTTP\/1.1 503 /)
})
