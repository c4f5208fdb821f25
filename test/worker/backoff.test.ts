import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UpServer } from '#lib/server/up-server.js'
import { answering, captureStderr, fixture, launch, serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { events, nextEvent } from '../helpers/wait.js'

const app = fixture('app.mjs')

/** From the death of one worker to the start of the next, in milliseconds, for so many deaths in a row. */
async function delays(srv: UpServer, count: number): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < count; i++) {
    await nextEvent(srv, 'terminate')
    const since = Date.now()
    const worker = await started(srv)
    found.push(worker.birthtime - since)
  }
  return found
}

async function started(srv: UpServer): Promise<{ birthtime: number }> {
  for (;;) {
    const [worker] = srv.spawning
    if (worker !== undefined) return worker
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

test('A worker that dies young is replaced after 100 ms, 200 ms, 400 ms and so on', async t => {
  captureStderr(t)
  const { file } = writeApp(t, 'process.exit(1)')
  const { srv } = await launch(t, file, { numWorkers: 1 })
  const [first = 0, second = 0, third = 0, fourth = 0] = await delays(srv, 4)
  for (const [delay, wanted] of [
    [first, 100],
    [second, 200],
    [third, 400],
    [fourth, 800]
  ] as const)
    assert.ok(delay >= wanted - 2 && delay < wanted + 350, `${delay} ms instead of ${wanted}`)
})

test('A worker that dies old is replaced at once', async t => {
  captureStderr(t)
  const { srv } = await serve(t, app, { numWorkers: 1, minExpectedLifetime: 1 })
  for (let i = 0; i < 3; i++) {
    const spawned = nextEvent(srv, 'spawn')
    const measured = delays(srv, 1)
    srv.workers[0]?.kill()
    const [delay = 0] = await measured
    assert.ok(delay < 95, `${delay} ms`)
    await spawned
  }
})

test('A long life resets the backoff', async t => {
  captureStderr(t)
  const app = writeApp(t, 'process.exit(1)')
  // Those that fail die younger than this, the one that serves gets older.
  const { srv } = await launch(t, app.file, { numWorkers: 1, minExpectedLifetime: 2500 })
  await delays(srv, 2)
  app.write(answering('fine'))
  const worker = await nextEvent(srv, 'spawn')
  while (worker.ageMs < 2500) await new Promise(resolve => setTimeout(resolve, 2500 - worker.ageMs + 1))
  let measured = delays(srv, 1)
  let spawned = nextEvent(srv, 'spawn')
  worker.kill()
  const [atOnce = 0] = await measured
  assert.ok(atOnce < 95, `${atOnce} ms`)
  measured = delays(srv, 1)
  ;(await spawned).kill()
  spawned = nextEvent(srv, 'spawn')
  const [young = 0] = await measured
  assert.ok(young >= 98 && young < 450, `${young} ms`)
  await spawned
})

test('The places of workers back off each by itself', async t => {
  captureStderr(t)
  const { srv } = await serve(t, app, { numWorkers: 2 })
  const [first, second] = srv.workers
  const spawned = nextEvent(srv, 'spawn')
  first?.kill()
  const replacement = await spawned
  assert.deepEqual(srv.workers.map(({ pid }) => pid).sort(), [second?.pid, replacement.pid].sort())
})

test('Deaths neither let the number of workers dwindle nor grow', async t => {
  captureStderr(t)
  const { srv } = await serve(t, app, { numWorkers: 3, minExpectedLifetime: 0 })
  for (let round = 0; round < 3; round++) {
    const back = events(srv, 'spawn', 3)
    for (const worker of srv.workers) worker.kill()
    await back
    assert.equal(srv.workers.length, 3)
  }
  assert.equal(srv.status().workers.length, 3)
})

test('With keepAlive false a worker that dies is not replaced', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 2, keepAlive: false, minExpectedLifetime: 0 })
  const [first, second] = srv.workers
  const failed = nextEvent(srv, 'fail')
  first?.kill()
  await failed
  for (let i = 0; i < 3; i++) assert.equal(Number((await fetchOnce(port, '/pid')).body), second?.pid)
  assert.deepEqual([srv.workers, srv.spawning], [[second], []])
})

test('With keepAlive false and no worker left requests wait for a reload, which brings all back', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 2, keepAlive: false })
  const gone = events(srv, 'terminate', 2)
  for (const worker of srv.workers) worker.kill()
  await gone
  const answer = fetchOnce(port, '/pid')
  while (srv.status().held !== 1) await new Promise(setImmediate)
  const { workers } = await srv.reload()
  assert.equal((await answer).status, 200)
  assert.equal(workers.length, 2)
})

test('With keepAlive false a start that fails is not tried again', async t => {
  captureStderr(t)
  const { folder, file } = writeApp(
    t,
    `import { appendFileSync } from 'node:fs'
     appendFileSync(import.meta.dirname + '/starts', 'x')
     process.exit(1)`
  )
  const { srv } = await launch(t, file, { numWorkers: 2, keepAlive: false })
  await events(srv, 'fail', 2)
  assert.deepEqual([srv.workers, srv.spawning], [[], []])
  assert.equal(readFileSync(join(folder, 'starts'), 'utf8'), 'xx')
  await srv.close()
  assert.equal(readFileSync(join(folder, 'starts'), 'utf8'), 'xx')
})

test('With keepAlive false a reload that fails to replace does not hang', async t => {
  captureStderr(t)
  const { srv } = await serve(t, app, { numWorkers: 2, keepAlive: false, readyTimeout: '1m' })
  const { workers } = await srv.reload(worker => worker.kill())
  assert.ok(workers.length <= 1)
})

test('A worker that cannot be forked fails with the reason', async t => {
  captureStderr(t)
  const { folder, file } = writeApp(t, answering(''))
  const { srv } = await launch(t, file, { numWorkers: 1, cwd: folder })
  await nextEvent(srv, 'spawn')
  const { renameSync } = await import('node:fs')
  renameSync(folder, `${folder}-away`)
  try {
    await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', message: /cannot start a worker: .*ENOENT/ })
    assert.equal(srv.workers.length, 1)
  } finally {
    renameSync(`${folder}-away`, folder)
  }
  assert.equal((await srv.reload()).generation, 2)
})
