import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { AccessEntry } from 'up-server'
import { comparableEntry } from '../helpers/access.js'
import { ANSWERS, sayPath } from '../helpers/answers.js'
import { fixture, serve, writeApp, type Running } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { answerOf, bothServer, serveHttp2, session } from '../helpers/http2.js'
import { rawClient, type RawPeer } from '../helpers/raw.js'
import { POST, TALKS } from '../helpers/talks.js'
import { until } from '../helpers/wait.js'

/** Answers with as many bytes as the path says. */
const BYTES = `
import { createServer } from 'node:http'
export default createServer((req, res) => res.end(Buffer.alloc(Number(req.url.slice(1)))))
`

interface Side {
  readonly running: Running
  readonly entries: AccessEntry[]
  connect(): RawPeer
}

/** Two masters that log, with and without the fast path. */
async function sides(t: TestContext): Promise<Side[]> {
  return Promise.all(
    [true, false].map(async fastPath => {
      const entries: AccessEntry[] = []
      const accessLog = (entry: AccessEntry): void => void entries.push(entry)
      const running = await serve(t, fixture('scripted.cjs'), { numWorkers: 1, fastPath, accessLog })
      const { port } = running
      return { running, entries, connect: () => rawClient(t, { port, host: '127.0.0.1' }) }
    })
  )
}

/** What the client sees, and what is logged of that. */
async function seen(side: Side, talk: (client: RawPeer, side: Side) => Promise<string>): Promise<object> {
  side.entries.length = 0
  const client = side.connect()
  const all = await talk(client, side)
  client.socket.destroy()
  const { srv } = side.running
  await until(() => srv.status().workers.every(({ inFlight }) => inFlight === 0))
  await until(() => side.entries.length > 0)
  // All is over with the connection: what more there could be has been told.
  await new Promise(setImmediate)
  const text = all
    .replace(/\r\nDate: \w{3}, [^\r]*/g, '\r\nDate: now')
    .replace(/127\.0\.0\.1 \d+ p/g, 'client')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'new')
  return { text, entries: side.entries.map(comparableEntry) }
}

for (const [method, version] of [
  ['GET', '1.1'],
  ['HEAD', '1.1'],
  ['POST', '1.1'],
  ['GET', '1.0']
] as const) {
  test(`With and without the fast path an access log has the same lines of HTTP/${version}: ${method}, whatever the worker sends`, async t => {
    const both = await sides(t)
    for (const [what, [bytes, then]] of Object.entries(ANSWERS)) {
      const [fast, ordinary] = await Promise.all(
        both.map(side =>
          seen(side, async client => {
            client.send(
              `${method} ${sayPath(bytes, then)} HTTP/${version}\r\nHost: a\r\nX-Request-Id: b-1\r\n\r\n`
            )
            await until(() => client.text.includes('\r\n\r\n') || client.ended || client.closed)
            client.send(
              'GET /echo HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nReferer: y\r\nConnection: close\r\n\r\n'
            )
            return client.takeAll()
          })
        )
      )
      assert.deepEqual(fast, ordinary, what)
    }
  })
}

test('With and without the fast path an access log has the same lines of uploads, also of broken ones', async t => {
  const both = await sides(t)
  for (const [what, talk] of Object.entries(TALKS)) {
    const [fast, ordinary] = await Promise.all(both.map(side => seen(side, talk)))
    assert.deepEqual(fast, ordinary, what)
  }
})

test('An upload that stands still is logged with the 408 that it gets', async t => {
  for (const side of await sides(t)) {
    side.running.server.headersTimeout = 300
    await side.connect().send(`${POST}123`).takeAll()
    await until(() => side.entries.length > 0)
    assert.deepEqual(
      side.entries.map(({ method, status, whole, path }) => [method, status, whole, path]),
      [['POST', 408, true, '/echo']]
    )
  }
})

test('What cannot be parsed has a line with the status that it gets, and no more than that', async t => {
  const both = await sides(t)
  for (const [text, status] of [
    ['\x16\x03\x01 no HTTP\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400]
  ] as const) {
    for (const { connect, entries } of both) {
      entries.length = 0
      assert.match(await connect().send(text).takeAll(), new RegExp(`^HTTP/1\\.1 ${status} `))
      const [entry, ...more] = entries
      assert.deepEqual(more, [])
      assert.deepEqual(
        [entry?.id, entry?.client, entry?.method, entry?.path, entry?.status, entry?.worker],
        ['', '127.0.0.1', '', '', status, null]
      )
    }
  }
})

test('What is refused before it is forwarded has one line: no Host, CONNECT', async t => {
  const both = await sides(t)
  for (const [text, method, status] of [
    ['GET / HTTP/1.1\r\n\r\n', 'GET', 400],
    ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 'CONNECT', 501]
  ] as const) {
    for (const { connect, entries } of both) {
      entries.length = 0
      await connect().end(text).takeAll()
      await until(() => entries.length > 0)
      assert.deepEqual(
        entries.map(entry => [entry.method, entry.status]),
        [[method, status]]
      )
    }
  }
})

test('A question about our health that asks for an upgrade has one line, and so has one behind an answer', async t => {
  const entries: AccessEntry[] = []
  const accessLog = (entry: AccessEntry): void => void entries.push(entry)
  const { port } = await serve(t, fixture('scripted.cjs'), { numWorkers: 1, healthPrefix: '/_up', accessLog })
  const client = rawClient(t, { port, host: '127.0.0.1' })
  const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n'
  client.send(`GET /echo HTTP/1.1\r\nHost: a\r\n\r\nGET /_up/healthz HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`)
  await until(() => entries.length >= 2)
  client.send('GET /echo/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await client.takeAll()
  await until(() => entries.length >= 3)
  assert.deepEqual(
    entries.map(({ path, status, upgrade }) => [path, status, upgrade]),
    [
      ['/echo', 200, false],
      ['/_up/healthz', 200, false],
      ['/echo/2', 200, false]
    ]
  )
})

test('CONNECT of HTTP/2 has a line', async t => {
  const entries: AccessEntry[] = []
  const accessLog = (entry: AccessEntry): void => void entries.push(entry)
  const { srv, origin } = await serveHttp2(t, bothServer(), { numWorkers: 1, accessLog })
  await until(() => srv.workers.length === 1)
  const answer = await answerOf(session(t, origin).request({ ':method': 'CONNECT', ':authority': 'a:1' }))
  assert.equal(answer.headers[':status'], 501)
  assert.deepEqual(
    entries.map(({ method, status, client }) => [method, status, client]),
    [['CONNECT', 501, '127.0.0.1']]
  )
})

test('A line waits until the client has taken its answer', async t => {
  const { file } = writeApp(t, BYTES)
  for (const fastPath of [true, false]) {
    const entries: AccessEntry[] = []
    const accessLog = (entry: AccessEntry): void => void entries.push(entry)
    const { srv, port } = await serve(t, file, { numWorkers: 1, fastPath, accessLog })
    const client = rawClient(t, { port, host: '127.0.0.1' })
    client.socket.pause()
    client.socket.write('GET /20000000 HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => srv.status().workers[0]?.inFlight === 1)
    await fetchOnce(port, '/0')
    assert.deepEqual(
      entries.map(({ path }) => path),
      ['/0']
    )
    client.socket.resume()
    await until(() => entries.length === 2)
    assert.deepEqual([entries[1]?.bytes, entries[1]?.whole], [20_000_000, true])
    client.socket.destroy()
  }
})

test('A client that does not take its answer and leaves has a line that says so', async t => {
  const { file } = writeApp(t, BYTES)
  for (const fastPath of [true, false]) {
    const entries: AccessEntry[] = []
    const accessLog = (entry: AccessEntry): void => void entries.push(entry)
    const { port } = await serve(t, file, { numWorkers: 1, fastPath, accessLog })
    const client = rawClient(t, { port, host: '127.0.0.1' })
    client.socket.pause()
    client.socket.write('GET /50000000 HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(client.socket, 'readable')
    client.socket.resetAndDestroy()
    await until(() => entries.length === 1)
    assert.deepEqual([entries[0]?.status, entries[0]?.whole], [200, false])
    assert.ok((entries[0]?.bytes ?? 0) < 50_000_000)
  }
})
