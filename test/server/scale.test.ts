import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { events, message, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('scale(n) adds workers of the same generation, and resolves when they are ready', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  await srv.scale(3)
  assert.equal(srv.numWorkers, 3)
  assert.deepEqual(
    srv.workers.map(({ generation }) => generation),
    [1, 1, 1]
  )
})

test('scale(n) retires workers that are too many, which finish their work first', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2 })
  const oldest = srv.workers[0]
  assert.ok(oldest)
  while (srv.nextWorker() === oldest);
  const waiting = message(oldest, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  const retired = nextEvent(srv, 'retire')
  await srv.scale(1)
  assert.equal(await retired, oldest)
  assert.equal(srv.workers.length, 1)
  const gone = nextEvent(srv, 'terminate')
  oldest.proc.kill('SIGUSR2')
  assert.equal((await answer).status, 200)
  await gone
})

test('No request fails while the server is scaled up and down', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const load = new Load(port, 8, true)
  for (const n of [3, 1, 2, 1]) {
    await srv.scale(n)
    await load.answered(50)
  }
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
})

test('scale(n) waits for a reload that runs, and counts for the next one', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const reload = srv.reload()
  await srv.scale(2)
  assert.equal((await reload).generation, 2)
  assert.deepEqual(
    srv.workers.map(({ generation }) => generation),
    [2, 2]
  )
  const { workers } = await srv.reload()
  assert.equal(workers.length, 2)
})

test('scale(n) rejects when a new worker fails, which is then tried again', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('fine'))
  const { srv } = await serve(t, app.file, { numWorkers: 1 })
  app.write('throw new Error("broken")')
  await assert.rejects(srv.scale(2), { name: 'WorkerError', code: 'UP_ERR_WORKER_START', stderr: /broken/ })
  assert.equal(srv.numWorkers, 2)
  app.write(answering('mended'))
  await nextEvent(srv, 'spawn')
  assert.equal(srv.workers.length, 2)
})

test('A number of workers that is not whole, or out of range, is refused', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  for (const n of [0, -1, 1.5, 1025, NaN, '2'] as number[]) {
    await assert.rejects(srv.scale(n), { code: 'UP_ERR_OPTION', message: /^scale\(n\): n is / })
    assert.throws(() => srv.spawnWorkers(n), { code: 'UP_ERR_OPTION', message: /^spawnWorkers\(n\): n is / })
  }
})

test('spawnWorkers(n) starts workers beyond the wanted number, until the next reload', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const ready = events(srv, 'spawn', 3)
  const made = [...srv.spawnWorkers(2), srv.spawnWorker()]
  assert.deepEqual(srv.spawning, made)
  assert.equal(srv.numWorkers, 1)
  await ready
  assert.equal(srv.workers.length, 4)
  const gone = events(srv, 'terminate', 4)
  await srv.reload()
  assert.equal(srv.workers.length, 1)
  await gone
})

test('A worker of spawnWorker() is not replaced when it dies', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const [kept] = srv.workers
  const ready = nextEvent(srv, 'spawn')
  const extra = srv.spawnWorker()
  await ready
  const gone = nextEvent(srv, 'terminate')
  extra?.kill()
  assert.equal(await gone, extra)
  assert.deepEqual([srv.workers, srv.spawning], [[kept], []])
  // Nor later: what is replaced next is the worker that is kept.
  const replaced = nextEvent(srv, 'spawn')
  kept?.kill()
  await replaced
  assert.equal(srv.workers.length, 1)
})

test('A closed server scales and spawns no more', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  await srv.close()
  await assert.rejects(srv.scale(2), { code: 'UP_ERR_CLOSED' })
  assert.throws(() => srv.spawnWorker(), { code: 'UP_ERR_CLOSED' })
})
