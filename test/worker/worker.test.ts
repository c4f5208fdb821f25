import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captureStderr, fixture, serve } from '../helpers/app.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { message, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('A worker that a user terminates gets no more requests, and is replaced', async t => {
  const { srv, port, failures } = await serve(t, app, { numWorkers: 2 })
  const [first, second] = srv.workers
  const retired = nextEvent(srv, 'retire')
  const back = nextEvent(srv, 'spawn')
  first?.terminate()
  assert.equal(await retired, first)
  assert.deepEqual(srv.workers, [second])
  for (let i = 0; i < 3; i++) {
    const { body } = await fetchOnce(port, '/pid', { method: 'POST', body: 'x' })
    assert.notEqual(Number(body), first?.pid)
  }
  await back
  assert.deepEqual(failures, [])
})

test('A worker that a user retires finishes its work, and is replaced', async t => {
  const { srv, port, failures } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const answer = fetchOnce(port, '/wait', { method: 'POST' })
  await waiting
  worker.retire(60_000)
  assert.equal(worker.readyState, 'terminating')
  const back = nextEvent(srv, 'spawn')
  worker.proc.kill('SIGUSR2')
  assert.equal((await answer).status, 200)
  await back
  assert.deepEqual(failures, [])
})

test('Workers that are terminated under load cost no request that was not theirs', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 2, minExpectedLifetime: 0 })
  const load = new Load(port, 6, false)
  for (let i = 0; i < 3; i++) {
    await load.answered(30)
    const back = nextEvent(srv, 'spawn')
    srv.workers[0]?.terminate()
    await back
  }
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
})

test('A worker that is gone shows no sign of life, one that lives does', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1, keepAlive: false })
  const [worker] = srv.workers
  assert.ok(worker)
  await worker.signOfLife(60_000)
  worker.proc.kill('SIGSTOP')
  await worker.signOfLife(50)
  const asked = worker.signOfLife(60_000)
  worker.kill()
  await asked
  assert.equal(worker.readyState, 'terminated')
  await worker.signOfLife(60_000)
})
