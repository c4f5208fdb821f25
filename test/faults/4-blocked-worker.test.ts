import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import type { WorkerError } from '#lib/errors.js'
import { fixture, serve } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { message, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')
const watched: UpOptions = { workerPingInterval: 50, unresponsiveTimeout: 1000 }

test('4. A worker whose event loop is blocked is found unresponsive, killed and replaced', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, ...watched })
  const [worker] = srv.workers
  assert.ok(worker)
  const failed = nextEvent(srv, 'fail')
  const back = nextEvent(srv, 'spawn')
  const answer = fetchOnce(port, '/block', { method: 'POST' })
  const error = (await failed) as WorkerError
  assert.equal(error.code, 'UP_ERR_WORKER_UNRESPONSIVE')
  assert.match(error.message, /did not answer a ping for 1000 ms \(unresponsiveTimeout\)/)
  assert.equal(worker.signalCode, 'SIGKILL')
  assert.equal((await answer).status, 502)
  await back
  assert.equal((await fetchOnce(port, '/pid')).status, 200)
})

test('4. A worker that is stopped is found unresponsive, and its GETs go to another one', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2, ...watched })
  const [worker] = srv.workers
  assert.ok(worker)
  worker.proc.kill('SIGSTOP')
  const gone = nextEvent(srv, 'terminate')
  const answers = await Promise.all(Array.from({ length: 8 }, () => fetchOnce(port, '/pid')))
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array<number>(8).fill(200)
  )
  assert.equal(await gone, worker)
})

test('4. A retired worker that is blocked does not live longer than one that is not', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '10m', ...watched })
  const [worker] = srv.workers
  assert.ok(worker)
  const blocking = message(worker, 'blocking')
  const answer = fetchOnce(port, '/block', { method: 'POST' })
  await blocking
  const gone = nextEvent(srv, 'terminate')
  await srv.reload()
  assert.equal(await gone, worker)
  assert.equal((await answer).status, 502)
})

test('4. Requests to a worker that never answers end at proxyTimeout with 504', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, proxyTimeout: 300 })
  const since = performance.now()
  const { status } = await fetchOnce(port, '/never', { method: 'POST' })
  const took = performance.now() - since
  assert.equal(status, 504)
  assert.ok(took >= 290 && took < 4000, `${took} ms`)
  assert.equal(srv.workers[0]?.inFlight, 0)
})

test('4. A worker that answers its pings is left alone, however long they go on', async t => {
  const { srv, failures } = await serve(t, app, {
    numWorkers: 1,
    workerPingInterval: 5,
    unresponsiveTimeout: 10_000
  })
  const [worker] = srv.workers
  assert.ok(worker)
  let pongs = 0
  await new Promise<void>(resolve =>
    worker.proc.on('message', () => {
      if (++pongs === 20) resolve()
    })
  )
  assert.deepEqual(srv.workers, [worker])
  assert.deepEqual(failures, [])
})

test('4. With workerPingInterval false nobody is pinged', async t => {
  const { srv, port } = await serve(t, app, {
    numWorkers: 1,
    workerPingInterval: false,
    unresponsiveTimeout: 50
  })
  const [worker] = srv.workers
  worker?.proc.on('message', (received: { type: string }) => assert.notEqual(received.type, 'up:pong'))
  for (let i = 0; i < 50; i++) await fetchOnce(port, '/pid')
  assert.deepEqual(srv.workers, [worker])
})
