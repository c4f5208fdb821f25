import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Http2Goodbye } from '#lib/child/shared/http2-goodbye.js'
import type { Address } from '#lib/proxy/address.js'
import { ask, answerOf, cert, key, send, session } from '../helpers/http2.js'
import { listen } from '../helpers/raw.js'
import { GET, RawHttp2, type Frame } from '../helpers/raw-http2.js'

const NOTICE = 2 ** 31 - 1

interface Scene {
  readonly address: Address
  readonly origin: string
  /** The next session. */
  readonly session: Promise<{ goodbye: Http2Goodbye; session: ServerHttp2Session }>
  /** Streams that the app has seen, in order. */
  readonly seen: number[]
  /** Answers what waits. */
  answer(): void
}

/** A server that answers at once, or when it is told to for the path '/wait'; timers go by the test's clock. */
async function stage(t: TestContext, secure = false): Promise<Scene> {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const server = secure ? createSecureServer({ cert, key }) : createServer()
  const opened = once(server, 'session').then(([opened]) => {
    const session = opened as ServerHttp2Session
    return { session, goodbye: new Http2Goodbye(session) }
  })
  const seen: number[] = []
  const waiting: (() => void)[] = []
  server.on('stream', (stream: ServerHttp2Stream, headers: { ':path'?: string }) => {
    stream.on('error', () => {})
    seen.push(stream.id ?? 0)
    const respond = (): void => {
      stream.respond({ ':status': 200 })
      stream.end('answer')
    }
    if (headers[':path'] === '/wait') waiting.push(respond)
    else respond()
  })
  const address = await listen(t, server)
  t.after(() => server.close())
  return {
    address,
    origin: `${secure ? 'https' : 'http'}://127.0.0.1:${address.port ?? 0}`,
    session: opened,
    seen,
    answer: () => {
      for (const respond of waiting.splice(0)) respond()
    }
  }
}

/** Lets the time pass until a session has ended. */
async function passUntil(t: TestContext, ended: () => boolean): Promise<void> {
  while (!ended()) {
    t.mock.timers.tick(10)
    await turn()
  }
}

function lastStream({ payload }: Frame): number {
  return payload.readUInt32BE(0)
}

for (const secure of [false, true]) {
  const over = secure ? 'TLS' : 'TCP'

  test(`a quiet session hears GOAWAY with its next answer, and no stream of that moment is refused, over ${over}`, async t => {
    const { origin, session: opened, seen } = await stage(t, secure)
    const client = session(t, origin)
    assert.equal((await ask(client)).status, 200)
    const lasts: number[] = []
    client.on('goaway', (_code: number, last: number) => lasts.push(last))
    const { goodbye, session: served } = await opened
    goodbye.leave()
    const answers = await Promise.all([ask(client), ask(client), ask(client)])
    assert.deepEqual(
      answers.map(({ status, body, code }) => ({ status, body, code })),
      Array(3).fill({ status: 200, body: 'answer', code: 0 })
    )
    assert.equal(lasts[0], NOTICE)
    assert.deepEqual(seen, [1, 3, 5, 7])
    const gone = once(served, 'close')
    await passUntil(t, () => served.destroyed)
    await gone
  })

  test(`a session with a stream hears GOAWAY at once, and ends behind the answer, over ${over}`, async t => {
    const { origin, session: opened, answer } = await stage(t, secure)
    const client = session(t, origin)
    const { goodbye, session: served } = await opened
    const begun = once(served, 'stream')
    const slow = answerOf(send(client, { ':path': '/wait' }))
    await begun
    const told = once(client, 'goaway')
    goodbye.leave()
    await told
    // No time ends it.
    t.mock.timers.tick(60_000)
    await turn()
    assert.equal(served.destroyed, false)
    answer()
    const { status, body, code } = await slow
    assert.deepEqual({ status, body, code }, { status: 200, body: 'answer', code: 0 })
    const gone = once(served, 'close')
    await passUntil(t, () => served.destroyed)
    await gone
  })
}

test('a stream that crosses GOAWAY is named as not seen at once, and the app has not seen it', async t => {
  const { address, session: opened, seen, answer } = await stage(t)
  const client = new RawHttp2(t, address)
  const { goodbye, session: served } = await opened
  const begun = once(served, 'stream')
  client.headers(1, [...GET.filter(([name]) => name !== ':path'), [':path', '/wait']])
  await begun
  goodbye.leave()
  assert.equal(lastStream(await client.takeType('GOAWAY')), NOTICE)
  client.headers(3, GET)
  assert.equal(lastStream(await client.takeType('GOAWAY')), 1)
  // It has come when what was sent behind it is answered.
  client.frame('PING', 0, 0, '12345678')
  await client.takeType('PING')
  assert.deepEqual(seen, [1])
  answer()
  assert.equal(await client.end(1), 'answered')
  await passUntil(t, () => client.peer.ended)
})

test('a session that stays quiet is told to end after a second', async t => {
  const { address, session: opened } = await stage(t)
  const client = new RawHttp2(t, address)
  const { goodbye } = await opened
  goodbye.leave()
  t.mock.timers.tick(999)
  client.frame('PING', 0, 0, '12345678')
  assert.equal((await client.take()).type, 'PING')
  t.mock.timers.tick(1)
  assert.equal(lastStream(await client.takeType('GOAWAY')), NOTICE)
  assert.equal(lastStream(await client.takeType('GOAWAY')), 0)
  await passUntil(t, () => client.peer.ended)
})

test('a session that has not been told to end may stay', async t => {
  const { origin, session: opened } = await stage(t)
  const client = session(t, origin)
  assert.equal((await ask(client)).status, 200)
  const { goodbye } = await opened
  goodbye.leave()
  goodbye.stay()
  t.mock.timers.tick(60_000)
  assert.equal((await ask(client)).status, 200)
  assert.equal(client.closed, false)
})
