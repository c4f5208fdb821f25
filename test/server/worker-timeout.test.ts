import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, Load } from '../helpers/client.js'
import { events, message, nextEvent, until } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('With workerTimeout 0 the old workers are gone before the new ones start', async t => {
  const { srv } = await serve(t, app, { numWorkers: 2, workerTimeout: 0 })
  const seen: string[] = []
  srv.on('spawn', () => seen.push(`spawn, ${srv.status().workers.length} processes`))
  srv.on('terminate', () => seen.push(`terminate, ${srv.spawning.length} spawning`))
  srv.on('reload', ({ generation }) => seen.push(`reload ${generation}`))
  const { workers } = await srv.reload()
  assert.deepEqual(seen, [
    'terminate, 0 spawning',
    'terminate, 0 spawning',
    'spawn, 2 processes',
    'reload 2',
    'spawn, 2 processes'
  ])
  assert.equal(workers.length, 2)
})

test('With workerTimeout 0 new requests wait for the new workers', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2, workerTimeout: 0 })
  const client = new Client(port)
  t.after(() => client.close())
  await client.get('/pid')
  const reload = srv.reload()
  const answers = await Promise.all([
    client.get('/pid'),
    fetchOnce(port, '/length', { method: 'POST', body: 'abc' })
  ])
  const { workers } = await reload
  assert.ok(workers.some(({ pid }) => String(pid) === answers[0].body))
  assert.equal(answers[1].body, '3')
  assert.equal(client.connections, 1)
})

test('With workerTimeout 0 what is in flight gets 502, or is repeated where that is safe', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: 0 })
  const [worker] = srv.workers
  assert.ok(worker)
  let waiting = message(worker, 'waiting')
  const post = fetchOnce(port, '/wait', { method: 'POST', body: 'once' })
  await waiting
  waiting = message(worker, 'waiting')
  const get = fetchOnce(port, '/wait')
  await waiting
  const reload = srv.reload()
  const spawned = await nextEvent(srv, 'spawn')
  await message(spawned, 'waiting')
  spawned.proc.kill('SIGUSR2')
  assert.equal((await post).status, 502)
  assert.deepEqual(await get.then(({ status, body }) => [status, body]), [200, `waited at ${spawned.pid}`])
  await reload
})

test('With workerTimeout 0 GETs never fail', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 2, workerTimeout: 0 })
  const load = new Load(port, 8, false)
  for (let i = 0; i < 3; i++) {
    await load.answered(50)
    await srv.reload()
  }
  await load.answered(50)
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
})

test('With workerTimeout 0 a broken module fails the reload, and is tried again until it serves', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 1, workerTimeout: 0 })
  app.write('throw new Error("broken")')
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', stderr: /Error: broken/ })
  const answer = fetchOnce(port)
  app.write(answering('mended'))
  assert.equal((await answer).body, 'mended')
})

test('With workerTimeout 0 a reload mends what the reload before it broke', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 2, workerTimeout: 0 })
  app.write('throw new Error("broken")')
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD' })
  app.write(answering('mended'))
  const { workers } = await srv.reload()
  assert.deepEqual(srv.workers, workers)
  assert.equal(workers.length, 2)
  assert.equal((await fetchOnce(port)).body, 'mended')
  await until(() => srv.status().workers.length === 2)
})

test('A retired worker that is idle leaves at once', async t => {
  const { srv } = await serve(t, app, { numWorkers: 2, workerTimeout: '10m' })
  const gone = events(srv, 'terminate', 2)
  await srv.reload()
  await gone
})

test('A retired worker leaves at workerTimeout, whatever it still does', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: 300 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const post = fetchOnce(port, '/wait', { method: 'POST', body: 'x' })
  const retired = nextEvent(srv, 'retire').then(() => performance.now())
  const gone = nextEvent(srv, 'terminate').then(() => performance.now())
  await waiting
  await srv.reload()
  const took = (await gone) - (await retired)
  assert.ok(took >= 295 && took < 3000, `${took} ms`)
  assert.equal((await post).status, 502)
})
