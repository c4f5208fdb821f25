import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { SteeredApp } from '#lib/cli/steered-app.js'
import { tellApp } from '#lib/cli/tell-feed.js'
import { Feed } from '#lib/control/feed.js'
import type { UpOptions } from '#lib/options/options.js'
import type { UpServer } from '#lib/server/up-server.js'
import { captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { freePort, serveListening } from '../helpers/listens.js'
import { Exposed } from '../helpers/prometheus.js'
import { until } from '../helpers/wait.js'

const APP = `
  import { createServer } from 'node:http'
  export default createServer((req, res) => {
    const { pathname } = new URL(req.url, 'http://up')
    if (pathname === '/exits') process.exit(3)
    if (pathname === '/waits') return process.once('message', () => res.end())
    res.writeHead(Number(pathname.slice(1)) || 200).end()
  })
`

/** What GET /metrics of the control API would answer. */
function exposed(srv: UpServer): () => Promise<Exposed> {
  const feed = new Feed()
  tellApp(srv, feed)
  const app = new SteeredApp({
    srv,
    feed,
    name: 'shop "2"\\',
    isStopping: () => false,
    onStop: () => {},
    onReload: () => srv.reload()
  })
  return async () => new Exposed(await app.metrics())
}

async function serveApp(t: TestContext, options: UpOptions = {}): Promise<Awaited<ReturnType<typeof serve>>> {
  return serve(t, writeApp(t, APP).file, { numWorkers: 1, ...options })
}

for (const fastPath of [true, false]) {
  test(`Answers are counted by class and generation, with their durations, ${fastPath ? 'on the fast path' : 'on the ordinary way'}`, async t => {
    const { srv, port } = await serveApp(t, { fastPath })
    const look = exposed(srv)
    for (const path of ['/200', '/204', '/301', '/404', '/500']) await fetchOnce(port, path)
    await until(() => srv.status().traffic.answered === 5)
    await srv.reload()
    await fetchOnce(port, '/200')
    await until(() => srv.status().traffic.answered === 6)
    const metrics = await look()
    const byClass = (generation: string): number[] =>
      ['1xx', '2xx', '3xx', '4xx', '5xx'].map(code_class =>
        metrics.value('up_http_requests_total', { code_class, generation })
      )
    assert.deepEqual(byClass('1'), [0, 2, 1, 1, 1])
    assert.deepEqual(byClass('2'), [0, 1, 0, 0, 0])
    assert.equal(metrics.value('up_http_request_duration_seconds_count', { generation: '1' }), 5)
    assert.ok(metrics.value('up_http_request_duration_seconds_sum', { generation: '1' }) > 0)
    assert.equal(metrics.value('up_generation'), 2)
    assert.equal(metrics.value('up_info', { name: 'shop \\"2\\"\\\\' }), 1)
    assert.ok(metrics.value('process_resident_memory_bytes') > 10e6)
  })
}

test('What is held, refused and retried, in flight and open, is told as it is', async t => {
  captureStderr(t)
  const { srv, port } = await serveApp(t, { maxHeld: 1 })
  const look = exposed(srv)
  const [worker] = srv.workers
  const waits = fetchOnce(port, '/waits')
  await until(() => worker?.inFlight === 1)
  const busy = await look()
  assert.equal(busy.value('up_http_requests_in_flight'), 1)
  assert.equal(busy.value('up_worker_requests_in_flight', { worker: String(worker?.pid) }), 1)
  worker?.proc.send('go')
  await waits
  await srv.pause()
  const held = fetchOnce(port, '/200')
  await until(() => srv.status().held === 1)
  assert.equal((await fetchOnce(port, '/200')).status, 503)
  const paused = await look()
  assert.deepEqual(
    ['up_paused', 'up_http_requests_held', 'up_http_hold_refused_total'].map(name => paused.value(name)),
    [1, 1, 1]
  )
  assert.equal(paused.value('up_http_requests_total', { generation: 'none', code_class: '5xx' }), 1)
  await srv.resume()
  await held
  // A GET that a worker broke off is given to another once more.
  assert.equal((await fetchOnce(port, '/exits')).status, 502)
  const after = await look()
  assert.deepEqual(
    ['up_paused', 'up_http_requests_held', 'up_http_retries_total'].map(name => after.value(name)),
    [0, 0, 1]
  )
  await until(() => srv.workers.length === 1)
  assert.deepEqual((await look()).wentDown(paused), [])
})

test('Fifty reloads leave eleven generations, live workers, and no counter that went down', async t => {
  const { srv, port } = await serveApp(t)
  const look = exposed(srv)
  let before = await look()
  let most = 0
  for (let i = 0; i < 50; i++) {
    await fetchOnce(port, '/200')
    await until(() => srv.status().traffic.answered === i + 1)
    await srv.reload()
    const now = await look()
    assert.deepEqual(now.wentDown(before), [])
    most = Math.max(most, now.series.size)
    before = now
  }
  await until(() => srv.status().workers.length === 1)
  const metrics = await look()
  const counts = metrics.all('up_http_requests_total', { code_class: '2xx' })
  assert.equal(counts.length, 12)
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    50
  )
  assert.equal(metrics.value('up_http_requests_total', { code_class: '2xx', generation: 'older' }), 41)
  assert.equal(metrics.all('up_worker_requests_total').length, 1)
  assert.equal(metrics.value('up_worker_starts_total'), 50)
  await until(() => srv.status().workers.length === 1)
  assert.equal((await look()).value('up_worker_exits_total', { reason: 'retired' }), 50)
  assert.ok(most < 700, `${most} series`)
})

test('What is counted agrees with what clients got, over reloads, deaths and scaling', async t => {
  captureStderr(t)
  const { srv, port } = await serveApp(t, { numWorkers: 2 })
  const look = exposed(srv)
  const got = [0, 0, 0, 0]
  let stop = false
  // RFC 9110, section 15: what is above 599 is taken for a 5xx.
  const statuses = [200, 204, 301, 304, 404, 418, 500, 599, 600, 999]
  const ask = async (): Promise<void> => {
    for (let i = 0; !stop; i++) {
      const { status } = await fetchOnce(port, `/${statuses[i % statuses.length] ?? 200}`)
      const at = Math.min(3, Math.floor(status / 100) - 2)
      got[at] = (got[at] ?? 0) + 1
    }
  }
  const clients = Array.from({ length: 4 }, ask)
  let before = await look()
  for (const workers of [3, 1, 2, 3, 2]) {
    await srv.reload()
    srv.workers[0]?.proc.kill('SIGKILL')
    await srv.scale(workers)
    const now = await look()
    assert.deepEqual(now.wentDown(before), [])
    before = now
  }
  stop = true
  await Promise.all(clients)
  const total = got.reduce((sum, count) => sum + count)
  await until(() => srv.status().traffic.answered === total)
  const metrics = await look()
  const sum = (name: string, labels?: Record<string, string>): number =>
    metrics.all(name, labels).reduce((all, value) => all + value, 0)
  assert.deepEqual(
    ['2xx', '3xx', '4xx', '5xx'].map(code_class => sum('up_http_requests_total', { code_class })),
    got
  )
  assert.equal(sum('up_http_request_duration_seconds_count'), total)
})

test('Requests at further ports are counted as well', async t => {
  const places = [[await freePort()], [await freePort()]]
  const { srv, ports } = await serveListening(t, { places, numWorkers: 1 })
  for (const port of ports()) await fetchOnce(port)
  await until(() => srv.status().traffic.answered === 2)
  assert.ok(srv.status().workers.every(({ p99Ms }) => p99Ms !== null))
})

test('Open upgrades are told', async t => {
  const { srv, port } = await serve(t, fixture('app.mjs'), { numWorkers: 1 })
  const look = exposed(srv)
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const open = await look()
  assert.equal(open.value('up_upgrades_open'), 1)
  assert.equal(open.value('up_http_requests_total', { code_class: '1xx', generation: '1' }), 1)
  socket.close()
  await once(socket, 'close')
  await until(() => srv.status().workers[0]?.upgrades === 0)
  assert.equal((await look()).value('up_upgrades_open'), 0)
})

test('With the transport handoff, statuses and durations are those that workers report', async t => {
  const { srv, port } = await serveApp(t, { transport: 'handoff' })
  const look = exposed(srv)
  for (const path of ['/200', '/200', '/404', '/500']) await fetchOnce(port, path)
  await until(() => srv.status().traffic.answered === 4)
  await until(() => srv.status().traffic.requestsPerSecond > 0)
  const [worker] = srv.status().workers
  assert.equal(worker?.requests, 4)
  assert.equal(worker.errors, 1)
  assert.ok(worker.p99Ms !== null && worker.p99Ms > 0)
  const metrics = await look()
  for (const [code_class, count] of [
    ['2xx', 2],
    ['4xx', 1],
    ['5xx', 1]
  ] as const)
    assert.equal(metrics.value('up_http_requests_total', { code_class, generation: '1' }), count)
  assert.equal(metrics.value('up_worker_requests_total', { generation: '1' }), 4)
  assert.equal(metrics.value('up_worker_errors_total', { generation: '1' }), 1)
  assert.equal(metrics.value('up_http_request_duration_seconds_count', { generation: '1' }), 4)
})

test('With the transport handoff, what old workers have answered stays counted after a reload', async t => {
  const { srv, port } = await serveApp(t, { transport: 'handoff' })
  const look = exposed(srv)
  for (let i = 0; i < 3; i++) await fetchOnce(port, '/200')
  await srv.reload()
  await fetchOnce(port, '/500')
  await until(() => srv.status().workers.length === 1)
  await until(() => srv.status().traffic.answered === 4)
  const metrics = await look()
  assert.equal(metrics.value('up_http_requests_total', { code_class: '2xx', generation: '1' }), 3)
  assert.equal(metrics.value('up_http_requests_total', { code_class: '5xx', generation: '2' }), 1)
})
