import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import type { ConnectionUser, UpstreamConnection } from '#lib/proxy/connection.js'
import { BROKEN_PAUSE_MS, ConnectionPool, POOL_IDLE_MS } from '#lib/proxy/connection-pool.js'
import { HoldQueue } from '#lib/proxy/hold-queue.js'
import { answer } from '../helpers/front.js'
import { Deferred } from '../helpers/deferred.js'
import { rawUpstream, type RawUpstream } from '../helpers/raw.js'

/** A connection of a pool that has one free. */
function acquire(pool: ConnectionPool): UpstreamConnection {
  const connection = pool.acquire(true)
  assert.ok(connection !== undefined)
  return connection
}

/** Sends one request and releases the connection after its answer. */
async function use(pool: ConnectionPool): Promise<void> {
  const done = new Deferred()
  const nothing = (): void => {}
  const connection = acquire(pool)
  const user: ConnectionUser = {
    copies: false,
    letGo: () => true,
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
  const pool = new ConnectionPool(upstream.address, { timeoutMs: 0 })
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
  const connection = acquire(pool)
  pool.release(connection)
  assert.equal(pool.acquire(true), connection)
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
  const busy = acquire(pool)
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

/** Joins the line of a pool; a request that gets a connection keeps it. */
function waitIn(t: TestContext, queue: HoldQueue<UpstreamConnection>, name: string, turns: string[]): void {
  const client = new PassThrough()
  t.after(() => client.destroy())
  const onRefused = (): void => assert.fail('refused')
  const onTurn = (connection: UpstreamConnection): void => {
    turns.push(name)
    t.after(() => connection.destroy())
  }
  queue.enter({ client, onTurn, onRefused }, performance.now())
}

test('a full pool gives a connection that gets free to the first in line, past whoever comes then', async t => {
  const upstream = await rawUpstream(t)
  const queue = new HoldQueue<UpstreamConnection>({ maxHeld: 10, holdTimeoutMs: 0 }, 'a worker')
  const pool = new ConnectionPool(upstream.address, { timeoutMs: 0, max: 2, queue })
  t.after(() => pool.close())
  const [a, b] = [acquire(pool), acquire(pool)]
  assert.equal(pool.acquire(true), undefined)
  const turns: string[] = []
  waitIn(t, queue, 'first', turns)
  waitIn(t, queue, 'second', turns)
  pool.release(a)
  assert.deepEqual(turns, ['first'])
  assert.equal(pool.acquire(true), undefined)
  pool.release(b)
  assert.deepEqual(turns, ['first', 'second'])
  pool.release(a)
  assert.equal(pool.acquire(true), a)
})

test('after a connection broke, the line waits before it is given another one, and nobody overtakes it', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { upstream } = await pooled(t)
  upstream.answerAll((_head, peer) => peer.reset())
  const queue = new HoldQueue<UpstreamConnection>({ maxHeld: 10, holdTimeoutMs: 0 }, 'a worker')
  const pool = new ConnectionPool(upstream.address, { timeoutMs: 0, max: 1, queue })
  t.after(() => pool.close())
  const turns: string[] = []
  const gone = new Deferred()
  pool.onEmpty = gone.resolve
  const broken = use(pool)
  waitIn(t, queue, 'first', turns)
  await assert.rejects(broken, { code: 'UP_ERR_UPSTREAM_CLOSED' })
  await gone.promise
  assert.equal(pool.acquire(true), undefined)
  t.mock.timers.tick(BROKEN_PAUSE_MS - 1)
  assert.deepEqual(turns, [])
  t.mock.timers.tick(1)
  assert.deepEqual(turns, ['first'])
  assert.ok(BROKEN_PAUSE_MS >= 50)
})
