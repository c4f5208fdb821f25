import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import type { WorkerStatus } from '#lib/server/api.js'
import { UpServer } from '#lib/server/up-server.js'
import type { Worker } from '#lib/worker/worker.js'
import { fixture, launch, serve } from '../helpers/app.js'
import { Client, fetchOnce } from '../helpers/client.js'
import { events, message, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')

/** What happens at a server, in order. */
function record(srv: UpServer): string[] {
  const seen: string[] = []
  srv
    .on('spawn', worker => seen.push(`spawn ${worker.generation}`))
    .on('reload', ({ generation }) => seen.push(`reload ${generation}`))
    .on('retire', worker => seen.push(`retire ${worker.generation}`))
    .on('terminate', worker => seen.push(`terminate ${worker.generation}`))
    .on('fail', error => seen.push(`fail ${error.message}`))
  return seen
}

test('Workers are in `spawning` until they are ready, then in `workers`', async t => {
  const { srv } = await launch(t, app, { numWorkers: 2 })
  assert.equal(srv.numWorkers, 2)
  assert.equal(srv.generation, 1)
  assert.deepEqual([srv.workers.length, srv.spawning.length], [0, 2])
  const [first, second] = srv.spawning
  assert.ok(first !== undefined && second !== undefined)
  assert.equal(first.readyState, 'spawning')

  const ready = await nextEvent(srv, 'spawn')
  assert.equal(ready.readyState, 'spawned')
  assert.deepEqual([srv.workers.length, srv.spawning.length], [1, 1])
  await nextEvent(srv, 'spawn')
  assert.deepEqual(srv.workers, [first, second])
  assert.deepEqual(srv.spawning, [])
})

test('A worker has its process, its pid, its birthtime and its generation', async t => {
  const before = Date.now()
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  assert.ok(worker.birthtime >= before && worker.birthtime <= Date.now())
  assert.ok(worker.ageMs > 0)
  assert.equal(worker.pid, worker.proc.pid)
  assert.equal(worker.generation, 1)
  assert.equal(worker.port, undefined)
  assert.equal(worker.exitCode, null)
})

test('The server may listen before or after, and carries no listeners of ours once closed', async t => {
  const server = createServer()
  const count = (): number[] =>
    ['request', 'upgrade', 'checkContinue'].map(name => server.listenerCount(name))
  const before = count()
  const srv = new UpServer(server, app, { numWorkers: 1 })
  t.after(() => srv.close())
  await nextEvent(srv, 'spawn')
  server.listen(0)
  await once(server, 'listening')
  await srv.close()
  assert.deepEqual(count(), before)
})

test('A start emits `spawn` for each worker, and nothing else', async t => {
  const { srv } = await launch(t, app, { numWorkers: 3 })
  const seen = record(srv)
  await events(srv, 'spawn', 3)
  assert.deepEqual(seen, ['spawn 1', 'spawn 1', 'spawn 1'])
})

test('A reload emits `spawn`, `reload` once, `retire` and `terminate` for each of the old workers', async t => {
  const { srv } = await serve(t, app, { numWorkers: 2, strategy: 'all' })
  const seen = record(srv)
  const gone = events(srv, 'terminate', 2)
  await srv.reload()
  await gone
  assert.deepEqual(seen.toSorted(), [
    'reload 2',
    'retire 1',
    'retire 1',
    'spawn 2',
    'spawn 2',
    'terminate 1',
    'terminate 1'
  ])
  assert.ok(seen.lastIndexOf('spawn 2') < seen.indexOf('retire 1'))
  assert.ok(seen.indexOf('reload 2') < seen.indexOf('terminate 1'))
})

test('A retired worker is `terminating` while it works, and `terminated` afterwards', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  await srv.reload()
  assert.equal(worker.readyState, 'terminating')
  assert.equal(worker.inFlight, 1)
  assert.ok(!srv.workers.includes(worker))

  const gone = nextEvent(srv, 'terminate')
  worker.proc.kill('SIGUSR2')
  assert.equal((await answer).status, 200)
  assert.equal(await gone, worker)
  assert.equal(worker.readyState, 'terminated')
  assert.equal(worker.inFlight, 0)
})

test('A worker that dies emits `terminate` once, `fail`, and no `retire`', async t => {
  const { srv, port, failures } = await serve(t, app, { numWorkers: 2 })
  const seen = record(srv)
  const terminated = nextEvent(srv, 'terminate')
  const failed = nextEvent(srv, 'fail')
  const back = nextEvent(srv, 'spawn')
  await fetchOnce(port, '/exit', { method: 'POST' })
  const worker = await terminated
  assert.deepEqual([worker.exitCode, worker.signalCode], [3, null])
  await Promise.all([failed, back])
  assert.equal(failures.length, 1)
  assert.match(failures[0]?.message ?? '', /worker \d+ of .*app\.mjs died: it exited with code 3/)
  assert.deepEqual(
    seen.map(entry => entry.split(' ')[0]),
    ['terminate', 'fail', 'spawn']
  )
})

test('status() is plain data', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  const status = srv.status()
  assert.deepEqual(JSON.parse(JSON.stringify(status)), status)
  const [{ ageMs, cpuPercent, memoryBytes, lagMs, ...rest }] = status.workers as [WorkerStatus]
  assert.ok(ageMs >= 0)
  // It has told, or it has not yet.
  for (const figure of [cpuPercent, memoryBytes, lagMs]) assert.ok(figure === null || figure >= 0)
  assert.deepEqual(rest, {
    pid: worker.pid,
    generation: 1,
    version: status.version,
    state: 'spawned',
    inFlight: 1,
    upgrades: 0,
    connections: 0,
    requests: 1,
    errors: 0,
    p99Ms: null
  })
  assert.deepEqual(
    { ...status, workers: [] },
    {
      pid: process.pid,
      state: 'running',
      file: app,
      generation: 1,
      version: status.version,
      numWorkers: 1,
      reloading: false,
      standby: null,
      canary: null,
      pausedBy: [],
      pausedSince: null,
      held: 0,
      oldestHeldMs: 0,
      longestWaitMs: status.longestWaitMs,
      released: status.released,
      expired: 0,
      givenUp: 0,
      refused: 0,
      workers: [],
      traffic: {
        answered: 0,
        errors: 0,
        retries: 0,
        p50Ms: null,
        p99Ms: null,
        requestsPerSecond: 0,
        inFlight: 1
      },
      ports: [{ protocol: 'http', address: '127.0.0.1', port }]
    }
  )
  worker.proc.kill('SIGUSR2')
  await answer
  await srv.close()
  assert.equal(srv.status().state, 'closed')
  assert.deepEqual(srv.status().workers, [])
})

test('status() says whether a reload runs, and whether the server closes', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const reload = srv.reload()
  assert.equal(srv.status().reloading, true)
  await reload
  assert.equal(srv.status().reloading, false)
  const closed = srv.close()
  assert.equal(srv.status().state, 'closing')
  await closed
})

test('A wrong module or option throws at construction and leaves nothing', () => {
  const server = createServer()
  assert.throws(() => new UpServer(server, fixture('none.js')), { code: 'UP_ERR_OPTION' })
  assert.throws(() => new UpServer(server, app, { numWorkers: 0 }), { code: 'UP_ERR_OPTION' })
  assert.throws(() => new UpServer({} as never, app), { code: 'UP_ERR_OPTION' })
  assert.equal(server.listenerCount('request'), 0)
})

test('Requests are given to the workers in turn, also within one connection', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 3 })
  const client = new Client(port)
  t.after(() => client.close())
  const pids: string[] = []
  for (let i = 0; i < 9; i++) pids.push((await client.get('/pid')).body)
  assert.equal(client.connections, 1)
  assert.equal(new Set(pids.slice(0, 3)).size, 3)
  assert.deepEqual(pids.slice(3, 6), pids.slice(0, 3))
  assert.deepEqual(pids.slice(6), pids.slice(0, 3))
  assert.deepEqual(
    srv.workers.map(({ requests }) => requests),
    [3, 3, 3]
  )
})

test('nextWorker() names the worker whose turn is next, and gives the turn on', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 3 })
  const turns = Array.from({ length: 6 }, () => srv.nextWorker()?.pid)
  assert.equal(new Set(turns.slice(0, 3)).size, 3)
  assert.deepEqual(turns.slice(3), turns.slice(0, 3))
  const { body } = await fetchOnce(port, '/pid')
  assert.equal(Number(body), turns[0])
})

test('nextWorker() is undefined while no worker is ready', async t => {
  const { srv } = await launch(t, app)
  assert.equal(srv.nextWorker(), undefined)
})

test('A worker that dies takes nobody else out of turn', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 3, keepAlive: false })
  const order = Array.from({ length: 3 }, () => srv.nextWorker())
  const [first, second, third] = order as [Worker, Worker, Worker]
  const gone = nextEvent(srv, 'terminate')
  second.proc.kill('SIGKILL')
  await gone
  const pids = []
  for (let i = 0; i < 4; i++) pids.push(Number((await fetchOnce(port, '/pid')).body))
  assert.deepEqual(pids, [first.pid, third.pid, first.pid, third.pid])
})
