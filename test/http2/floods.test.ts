import assert from 'node:assert/strict'
import { createServer } from 'node:http2'
import { test, type TestContext } from 'node:test'
import { serveHttp2 } from '../helpers/http2.js'
import { GET, RawHttp2 } from '../helpers/raw-http2.js'
import { nextEvent, until } from '../helpers/wait.js'

// What a client can send without end must end by itself: with its connection, never with the server.

type Serving = Awaited<ReturnType<typeof serveHttp2>>

async function start(t: TestContext): Promise<Serving> {
  const running = await serveHttp2(t, createServer(), { numWorkers: 1 })
  await nextEvent(running.srv, 'spawn')
  return running
}

const PID = [...GET.slice(0, -1), [':path', '/pid'] as const]

const MAX_FRAMES = 20_000

/** Whether the server has sent GOAWAY, behind which it takes nothing, or closed the connection. */
function isOver({ peer }: RawHttp2): boolean {
  return peer.ended || peer.closed || peer.text.includes('\0\0\x08\x07\0\0\0\0\0')
}

/** Sends until the server has had enough, and makes sure that it serves others meanwhile and afterwards. */
async function flood(
  t: TestContext,
  { port, inFlight }: Serving,
  begin: (client: RawHttp2) => void,
  go: (client: RawHttp2, i: number) => void
): Promise<void> {
  const address = { port, host: '127.0.0.1' }
  const client = new RawHttp2(t, address)
  begin(client)
  let sent = 0
  while (!isOver(client) && sent < MAX_FRAMES) {
    for (let i = 0; i < 50; i++) go(client, sent++)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(isOver(client), `${sent} frames and no end`)
  assert.equal(await new RawHttp2(t, address).headers(1, PID).end(1), 'answered')
  await until(() => inFlight() === 0)
}

test('Field blocks that never end, end their connection (CVE-2024-27983)', async t => {
  const piece = Buffer.concat([
    Buffer.from([0, 3]),
    Buffer.from('x-a'),
    Buffer.from([100]),
    Buffer.alloc(100, 'a')
  ])
  await flood(
    t,
    await start(t),
    client => client.frame('HEADERS', 1, 1, Buffer.from([0x82, 0x84, 0x86])),
    client => client.frame('CONTINUATION', 0, 1, piece)
  )
})

test('Field blocks whose pieces are empty, end their connection', async t => {
  await flood(
    t,
    await start(t),
    client => client.frame('HEADERS', 1, 1, Buffer.from([0x82, 0x84, 0x86])),
    client => client.frame('CONTINUATION', 0, 1)
  )
})

test('Requests that are reset as fast as they are made, end their connection (CVE-2023-44487)', async t => {
  const running = await start(t)
  const never = [...GET.slice(0, -1), [':path', '/never'] as const]
  await flood(
    t,
    running,
    () => {},
    (client, i) => client.headers(2 * i + 1, never).reset(2 * i + 1, 8)
  )
  assert.equal(running.srv.status().held, 0)
})

test('Requests that make the server reset them, end their connection (CVE-2025-8671)', async t => {
  const running = await start(t)
  const never = [...GET.slice(0, -1), [':path', '/never'] as const]
  await flood(
    t,
    running,
    () => {},
    // A window that grows by nothing is an error of its stream, for which the server sends the reset.
    (client, i) => client.headers(2 * i + 1, never).frame('WINDOW_UPDATE', 0, 2 * i + 1, Buffer.alloc(4))
  )
})

for (const [count, length] of [
  [200, 10],
  [100, 500]
] as const) {
  test(`${count} fields of ${length} bytes are refused, and cost nobody else anything`, async t => {
    const { port } = await start(t)
    const client = new RawHttp2(t, { port, host: '127.0.0.1' })
    const many = Array.from({ length: count }, (_, i) => [`x-${i}`, 'v'.repeat(length)] as const)
    assert.match(await client.headers(1, [...PID, ...many]).end(1), /refused|reset/)
    assert.equal(await client.headers(3, PID).end(3), 'answered')
  })
}
