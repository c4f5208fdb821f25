import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import { captureStderr, launch, writeApp, type Running } from '../helpers/app.js'
import { fetchOnce, RawClient } from '../helpers/client.js'
import { until } from '../helpers/wait.js'

/** Starts when it is let, and answers with what it read. */
const WAITING = `
  import { existsSync } from 'node:fs'
  const gate = import.meta.dirname + '/open'
  while (!existsSync(gate)) await new Promise(resolve => setTimeout(resolve, 20))
  export default async (req, res) => {
    let length = 0
    for await (const piece of req) length += piece.length
    res.end(req.method + ' ' + req.url + ' ' + length)
  }
`

interface Gated extends Running {
  /** Lets the worker become ready. */
  open(): void
}

/** A server whose worker is not ready before it is let. */
async function gated(t: TestContext, options: UpOptions = {}): Promise<Gated> {
  captureStderr(t)
  const app = writeApp(t, WAITING)
  const running = await launch(t, app.file, { numWorkers: 1, ...options })
  return { ...running, open: () => writeFileSync(join(app.folder, 'open'), '') }
}

const held = ({ srv }: Running, count: number): Promise<void> => until(() => srv.status().held === count)

test('14. Requests that come before the first worker is ready wait, and are answered in order', async t => {
  const gate = await gated(t)
  const order: number[] = []
  const answers = []
  for (let i = 0; i < 5; i++) {
    answers.push(fetchOnce(gate.port, `/${i}`).then(({ body }) => (order.push(i), body)))
    await held(gate, i + 1)
  }
  gate.open()
  assert.deepEqual(
    await Promise.all(answers),
    [0, 1, 2, 3, 4].map(i => `GET /${i} 0`)
  )
  assert.equal(gate.srv.status().held, 0)
})

test('14. Bodies are not read while requests wait, and arrive whole', async t => {
  const gate = await gated(t)
  const size = 8_000_000
  const client = new RawClient(gate.port)
  t.after(() => client.socket.destroy())
  client
    .write(`POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    .write(Buffer.alloc(size, 'x'))
  await held(gate, 1)
  const memory = process.memoryUsage().arrayBuffers
  // Most of it stays with the client: what the kernel and one read hold is far less.
  await until(() => client.socket.writableLength > 0)
  assert.ok(client.socket.writableLength > size / 4)
  assert.ok(process.memoryUsage().arrayBuffers - memory < 1_000_000)
  gate.open()
  assert.match(await client.until(`POST /up ${size}`), /^HTTP\/1.1 200 /)
})

test('14. More than maxHeld requests get 503 with Retry-After', async t => {
  const gate = await gated(t, { maxHeld: 2 })
  const answers = [fetchOnce(gate.port, '/1'), fetchOnce(gate.port, '/2')]
  await held(gate, 2)
  const refused = await fetchOnce(gate.port, '/3', { method: 'POST', body: 'x'.repeat(1000) })
  assert.equal(refused.status, 503)
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
  gate.open()
  for (const answer of answers) assert.equal((await answer).status, 200)
})

test('14. With maxHeld 0 nobody waits', async t => {
  const gate = await gated(t, { maxHeld: 0 })
  assert.equal((await fetchOnce(gate.port)).status, 503)
})

test('14. A request that waits for holdTimeout gets 503 with Retry-After', async t => {
  const gate = await gated(t, { holdTimeout: 200 })
  const since = performance.now()
  const { status, headers } = await fetchOnce(gate.port)
  const took = performance.now() - since
  assert.equal(status, 503)
  assert.match(headers['retry-after'] ?? '', /^\d+$/)
  assert.ok(took >= 195 && took < 3000, `${took} ms`)
  assert.equal(gate.srv.status().held, 0)
})

test('14. An upgrade waits, too, and gets 503 when its time is over', async t => {
  const gate = await gated(t, { holdTimeout: 200 })
  const client = new RawClient(gate.port)
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await held(gate, 1)
  const { received } = await client.end()
  assert.match(received, /^HTTP\/1.1 503 /)
  assert.match(received, /\r\nRetry-After: \d+\r\n/)
})

test('14. An upgrade that waited is joined to the first worker that is ready', async t => {
  const gate = await gated(t)
  const client = new RawClient(gate.port)
  client.write('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  await held(gate, 1)
  gate.open()
  // The app knows no upgrades: it answers as to any other request.
  assert.match((await client.end()).received, /^HTTP\/1.1 200 [^]*GET \/chat 0/)
})

test('14. A client that resets its connection frees its place', async t => {
  const gate = await gated(t, { maxHeld: 1 })
  const client = new RawClient(gate.port).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await held(gate, 1)
  client.socket.resetAndDestroy()
  await held(gate, 0)
  const answer = fetchOnce(gate.port, '/next')
  gate.open()
  assert.equal((await answer).body, 'GET /next 0')
})

test('14. A client that resets its connection with a large body unread frees its place', async t => {
  const gate = await gated(t, { maxHeld: 1 })
  const size = 8_000_000
  const client = new RawClient(gate.port)
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`).write(Buffer.alloc(size))
  await held(gate, 1)
  await until(() => client.socket.writableLength > 0)
  client.socket.resetAndDestroy()
  await held(gate, 0)
})

test('14. An upgrade whose client resets its connection frees its place', async t => {
  const gate = await gated(t, { maxHeld: 1 })
  const client = new RawClient(gate.port)
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await held(gate, 1)
  client.socket.resetAndDestroy()
  await held(gate, 0)
})

test('14. A client that has closed only its sending side is answered', async t => {
  const gate = await gated(t)
  const client = new RawClient(gate.port, { allowHalfOpen: true })
  client.socket.end('GET /half HTTP/1.1\r\nHost: a\r\n\r\n')
  await held(gate, 1)
  gate.open()
  const { received } = await client.end()
  assert.match(received, /^HTTP\/1.1 200 [^]*GET \/half 0/)
  client.socket.destroy()
})

test('14. A client that has sent a body and closed its sending side is answered', async t => {
  const gate = await gated(t)
  const client = new RawClient(gate.port, { allowHalfOpen: true })
  client.socket.end('POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')
  await held(gate, 1)
  gate.open()
  const { received } = await client.end()
  assert.match(received, /^HTTP\/1.1 200 [^]*POST \/half 4/)
  client.socket.destroy()
})

test('14. Requests that are pipelined behind one that waits are answered behind it', async t => {
  const gate = await gated(t)
  const client = new RawClient(gate.port)
  t.after(() => client.socket.destroy())
  client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
  await held(gate, 2)
  gate.open()
  const text = await client.until('GET /2 0')
  assert.ok(text.indexOf('GET /1 0') < text.indexOf('GET /2 0'))
})
