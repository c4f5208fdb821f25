import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ConnectionUser } from '#lib/proxy/connection.js'
import { ConnectionPool, POOL_IDLE_MS } from '#lib/proxy/connection-pool.js'
import { answer } from '../helpers/front.js'
import { Deferred } from '../helpers/deferred.js'
import { rawUpstream, type RawUpstream } from '../helpers/raw.js'

/** Sends one request and releases the connection after its answer. */
async function use(pool: ConnectionPool): Promise<void> {
  const done = new Deferred()
  const nothing = (): void => {}
  const connection = pool.acquire()
  const user: ConnectionUser = {
    copies: false,
    keeps: false,
    onReadEnd: nothing,
    onDrain: nothing,
    onSilence: nothing,
    onInformation: nothing,
    onHead: nothing,
    onData: nothing,
    onFail: error => done.reject(error),
    onEnd: () => {
      pool.release(connection)
      done.resolve()
    }
  }
  connection.write('GET / HTTP/1.1\r\n\r\n')
  connection.begin('GET', user)
  await done.promise
}

async function pooled(t: TestContext): Promise<{ pool: ConnectionPool; upstream: RawUpstream }> {
  const upstream = await rawUpstream(t)
  upstream.answerAll((_head, peer) => peer.send(answer('ok')))
  const pool = new ConnectionPool(upstream.address, 0)
  t.after(() => pool.close())
  return { pool, upstream }
}

/** Resolves when the pool's last connection has gone. */
function emptied(pool: ConnectionPool): Promise<void> {
  return new Promise(resolve => (pool.onEmpty = resolve))
}

test('requests that follow one another share a connection', async t => {
  const { pool, upstream } = await pooled(t)
  for (let i = 0; i < 5; i++) await use(pool)
  assert.equal(upstream.connections.length, 1)
})

test('requests at the same time have a connection each, and the last one used is used first', async t => {
  const { pool, upstream } = await pooled(t)
  await Promise.all([use(pool), use(pool), use(pool)])
  assert.equal(upstream.connections.length, 3)
  const connection = pool.acquire()
  pool.release(connection)
  assert.equal(pool.acquire(), connection)
})

test('a connection that the upstream closed is not used again', async t => {
  const { pool, upstream } = await pooled(t)
  await use(pool)
  const empty = emptied(pool)
  upstream.connections[0]?.end()
  await empty
  await use(pool)
  assert.equal(upstream.connections.length, 2)
})

test('bytes that nobody asked for end an idle connection', async t => {
  const { pool, upstream } = await pooled(t)
  await use(pool)
  const empty = emptied(pool)
  upstream.connections[0]?.send(answer('evil'))
  await empty
  await use(pool)
  assert.equal(upstream.connections.length, 2)
})

test('a closed pool ends idle connections at once, and busy ones at their release', async t => {
  const { pool, upstream } = await pooled(t)
  await Promise.all([use(pool), use(pool)])
  const busy = pool.acquire()
  const empty = emptied(pool)
  pool.close()
  const [a, b] = upstream.connections
  await Promise.race([a?.takeAll(), b?.takeAll()])
  assert.ok(busy.usable)
  pool.release(busy)
  await empty
})

test('a connection that stays idle is closed', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { pool, upstream } = await pooled(t)
  await use(pool)
  now += POOL_IDLE_MS - 1
  t.mock.timers.tick(POOL_IDLE_MS)
  await use(pool)
  assert.equal(upstream.connections.length, 1)
  const empty = emptied(pool)
  now += POOL_IDLE_MS
  t.mock.timers.tick(POOL_IDLE_MS)
  await empty
})
