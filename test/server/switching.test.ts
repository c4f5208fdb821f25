import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReloadOptions } from '#lib/server/api.js'
import { answering, captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { generationsByPid, pidsOf, Releases } from '../helpers/generations.js'
import { optionError } from '../helpers/option-error.js'
import { events, exited, message, nextEvent, until } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('reload({ standby: true }) starts a whole generation that gets no request', async t => {
  const { srv, port } = await serve(t, app)
  const generationOf = generationsByPid(srv)
  const before = srv.workers
  const told = nextEvent(srv, 'standby')
  const result = await srv.reload({ standby: true })
  assert.equal(await told, result)
  assert.equal(result.generation, 2)
  assert.deepEqual(
    result.workers.map(({ generation, readyState }) => [generation, readyState]),
    [
      [2, 'spawned'],
      [2, 'spawned']
    ]
  )
  assert.equal(srv.generation, 1)
  assert.deepEqual(srv.workers, before)
  assert.deepEqual(srv.spawning, [])
  const { standby, canary, reloading } = srv.status()
  assert.deepEqual(standby, { generation: 2, version: result.version, workers: 2 })
  assert.equal(canary, null)
  assert.equal(reloading, false)
  for (let i = 0; i < 8; i++) assert.equal(generationOf((await fetchOnce(port, '/pid')).body), 1)
  assert.ok(result.workers.every(({ requests }) => requests === 0))
})

test('promote() gives the waiting generation all new requests, in one tick', async t => {
  const { srv, port } = await serve(t, app)
  const generationOf = generationsByPid(srv)
  const olds = srv.workers
  const { workers } = await srv.reload({ standby: true })
  const told = nextEvent(srv, 'reload')
  const promoted = srv.promote()
  // Nothing was awaited since the call.
  assert.equal(srv.generation, 2)
  assert.deepEqual(srv.workers, workers)
  assert.ok(olds.every(({ readyState }) => readyState === 'terminating'))
  for (let i = 0; i < 4; i++) assert.equal(srv.nextWorker()?.generation, 2)
  const result = await promoted
  assert.deepEqual(result, { generation: 2, version: result.version, workers })
  assert.equal(await told, result)
  assert.equal(srv.status().standby, null)
  for (let i = 0; i < 4; i++) assert.equal(generationOf((await fetchOnce(port, '/pid')).body), 2)
  await until(() => pidsOf(srv, 1).length === 0)
})

test('promote() lets the old generation finish what it has', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [old] = srv.workers
  assert.ok(old !== undefined)
  const waiting = message(old, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  await srv.reload({ standby: true })
  await srv.promote()
  assert.equal((await fetchOnce(port, '/pid')).body, String(srv.workers[0]?.pid))
  old.proc.kill('SIGUSR2')
  assert.equal((await answer).body, `waited at ${old.pid}`)
  await exited(old.proc)
})

test('abort() ends the waiting generation, and nothing else changes', async t => {
  const { srv, port } = await serve(t, app)
  const before = srv.workers
  const { workers } = await srv.reload({ standby: true })
  await srv.abort()
  assert.ok(workers.every(({ readyState }) => readyState === 'terminated'))
  assert.equal(srv.status().standby, null)
  assert.deepEqual(srv.workers, before)
  assert.equal((await fetchOnce(port, '/pid')).status, 200)
  // Its number is not given again.
  assert.equal((await srv.reload()).generation, 3)
})

test('Where no generation waits or went before, promote(), abort() and rollback() reject and tell it', async t => {
  const { srv, failures } = await serve(t, app, { numWorkers: 1 })
  await assert.rejects(srv.promote(), { code: 'UP_ERR_STANDBY', message: /no waiting generation/ })
  await assert.rejects(srv.abort(), { code: 'UP_ERR_STANDBY', message: /no waiting generation/ })
  await assert.rejects(srv.rollback(), { code: 'UP_ERR_STANDBY', message: /no previous generation/ })
  assert.deepEqual(
    failures.map(error => 'code' in error && error.code),
    ['UP_ERR_STANDBY', 'UP_ERR_STANDBY', 'UP_ERR_STANDBY']
  )
  assert.equal(srv.generation, 1)
})

test('promote() rejects while no worker of the waiting generation lives; they are replaced', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, { minExpectedLifetime: 0 })
  const generationOf = generationsByPid(srv)
  const { workers } = await srv.reload({ standby: true })
  const gone = events(srv, 'terminate', 2)
  const again = events(srv, 'spawn', 2)
  for (const worker of workers) worker.kill()
  await gone
  await assert.rejects(srv.promote(), { code: 'UP_ERR_STANDBY', message: /no worker .* 2 can serve/ })
  assert.equal(srv.generation, 1)
  assert.equal(generationOf((await fetchOnce(port, '/pid')).body), 1)
  await again
  assert.equal(srv.status().standby?.workers, 2)
  assert.equal((await srv.promote()).workers.length, 2)
  assert.equal(generationOf((await fetchOnce(port, '/pid')).body), 2)
})

test("A standby that fails rejects with the worker's stderr, and nothing else changes", async t => {
  captureStderr(t)
  const code = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, code.file, { numWorkers: 1 })
  code.write('throw new Error("broken")')
  const told = nextEvent(srv, 'fail')
  const reload = srv.reload({ standby: true })
  await assert.rejects(reload, { name: 'ReloadError', code: 'UP_ERR_RELOAD', stderr: /broken/ })
  await told
  const { standby, workers } = srv.status()
  assert.equal(standby, null)
  assert.equal(workers.length, 1)
  assert.equal((await fetchOnce(port)).body, 'old')
})

test('A reload, also another standby, aborts the generation that waits', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const first = await srv.reload({ standby: true })
  const second = await srv.reload({ standby: true })
  assert.equal(second.generation, 3)
  assert.equal(srv.status().standby?.generation, 3)
  await until(() => pidsOf(srv, 2).length === 0)
  assert.equal((await srv.reload()).generation, 4)
  await until(() => pidsOf(srv, 3).length === 0)
  assert.equal(srv.status().standby, null)
  assert.ok([...first.workers, ...second.workers].every(({ readyState }) => readyState === 'terminated'))
})

test('promote(), abort() and rollback() wait for the reload before them', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const order: string[] = []
  const note = (what: string, promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => order.push(what),
      (error: Error) => order.push(`${what}: ${error.name}`)
    )
  const all = [
    note('standby', srv.reload({ standby: true })),
    note('promote', srv.promote()),
    note('reload', srv.reload()),
    note('abort', srv.abort()),
    note('rollback', srv.rollback())
  ]
  assert.equal(srv.generation, 1)
  await Promise.all(all)
  assert.deepEqual(order, ['standby', 'promote', 'reload', 'abort: UpError', 'rollback'])
  assert.equal(srv.generation, 4)
  assert.equal(srv.status().reloading, false)
})

test('Calls of reload() share the one behind them only where they ask for the same', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const called: string[] = []
  const results = await Promise.all([
    srv.reload(),
    srv.reload({ standby: true }, () => called.push('a')),
    srv.reload({ standby: true }, () => called.push('b')),
    srv.reload(() => called.push('c')),
    srv.reload({}, () => called.push('d')),
    srv.promote().catch(() => ({ generation: 0 })),
    srv.reload(() => called.push('e'))
  ])
  assert.deepEqual(
    results.map(({ generation }) => generation),
    [2, 3, 3, 4, 4, 0, 5]
  )
  assert.deepEqual(called, ['a', 'b', 'c', 'd', 'e'])
})

test('scale(n) counts for the generation that waits, too, and for it alone when it is promoted', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  await srv.reload({ standby: true })
  await srv.scale(3)
  assert.equal(srv.workers.length, 3)
  assert.equal(srv.status().standby?.workers, 3)
  await srv.scale(2)
  assert.equal(srv.status().standby?.workers, 2)
  const { workers } = await srv.promote()
  assert.equal(workers.length, 2)
  assert.deepEqual(srv.workers, workers)
})

test('scale(n) and a reload in one go end with so many workers', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const scaled = srv.scale(3)
  const { workers } = await srv.reload()
  await scaled
  await until(() => srv.workers.length === 3)
  assert.ok(workers.every(({ generation }) => generation === 2))
  assert.ok(srv.workers.every(({ generation }) => generation === 2))
})

test('What is held by a pause goes to the generation that is promoted meanwhile', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  await srv.reload({ standby: true })
  await srv.pause()
  const answer = fetchOnce(port, '/pid')
  await until(() => srv.status().held === 1)
  const {
    workers: [worker]
  } = await srv.promote()
  assert.equal(srv.status().held, 1)
  await srv.resume()
  assert.equal((await answer).body, String(worker?.pid))
})

test('close() ends a generation that waits', async t => {
  const { srv } = await serve(t, app)
  await srv.reload({ standby: true })
  await srv.close()
  assert.deepEqual(srv.status().workers, [])
})

test('close() ends what stands by at once, while other work goes on', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, workerTimeout: '1m' })
  const [old] = srv.workers
  assert.ok(old !== undefined)
  await srv.reload({ keepPrevious: true })
  const [serving] = srv.workers
  const { workers } = await srv.reload({ standby: true })
  assert.ok(serving !== undefined)
  const waiting = message(serving, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  const closed = srv.close()
  for (const { proc } of [old, ...workers]) await exited(proc)
  serving.proc.kill('SIGUSR2')
  assert.equal((await answer).status, 200)
  await closed
})

test('close() wins over a standby that starts, and over what waits behind it', async t => {
  const { srv } = await serve(t, app)
  const calls = [srv.reload({ standby: true }), srv.promote(), srv.abort(), srv.rollback(), srv.scale(3)]
  const closed = srv.close()
  for (const result of await Promise.allSettled(calls)) {
    assert.equal(result.status, 'rejected')
    assert.equal((result.reason as { code?: unknown }).code, 'UP_ERR_CLOSED')
  }
  await closed
  assert.deepEqual(srv.status().workers, [])
  await assert.rejects(srv.promote(), { code: 'UP_ERR_CLOSED' })
})

test('A wrong option of reload() throws at once', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const refused = (options: unknown, option: string, value: unknown, expected: RegExp): void =>
    assert.throws(() => srv.reload(options as ReloadOptions), optionError(option, value, expected))
  refused({ standby: 1 }, 'reload({ standby })', 1, /true or false/)
  for (const share of [0, 1, -1, NaN, '5%'])
    refused({ canary: share }, 'reload({ canary })', share, /more than 0 and less than 1/)
  refused({ canary: 0.1, standby: false }, 'reload({ standby })', false, /true or absent/)
  const limits = { factor: 2, requests: 100 }
  refused({ autoAbort: limits }, 'reload({ autoAbort })', limits, /no canary/)
  refused({ canary: 0.1, autoAbort: 2 }, 'reload({ autoAbort })', 2, /an object/)
  for (const factor of [0.5, NaN, Infinity, '2'])
    refused(
      { canary: 0.1, autoAbort: { ...limits, factor } },
      'reload({ autoAbort }).factor',
      factor,
      /1 or more/
    )
  refused(
    { canary: 0.1, autoAbort: { factor: 2, requests: 0 } },
    'reload({ autoAbort }).requests',
    0,
    /a whole number of 1 or more/
  )
  refused({ keepPrevious: 'yes' }, 'reload({ keepPrevious })', 'yes', /true or false/)
  refused({ standBy: true }, 'option standBy', true, /the options are standby, canary/)
  refused('now', 'reload(options)', 'now', /an object/)
  assert.equal(srv.status().workers.length, 1)
})

test('A worker that replaces another runs the release that its generation was started with', async t => {
  captureStderr(t)
  const releases = new Releases(t)
  const where = `import { createServer } from 'node:http'
    export default createServer((req, res) => res.end([import.meta.dirname, process.cwd()].join()))`
  releases.deploy('1', where)
  const { srv, port } = await serve(t, releases.file, {
    numWorkers: 1,
    cwd: releases.link,
    minExpectedLifetime: 0
  })
  const one = `${releases.folder}/1,${releases.folder}/1`
  assert.equal((await fetchOnce(port)).body, one)
  releases.deploy('2', where)
  const again = nextEvent(srv, 'spawn')
  srv.workers[0]?.kill()
  await again
  assert.equal((await fetchOnce(port)).body, one)
  await srv.reload()
  assert.equal((await fetchOnce(port)).body, one.replaceAll('/1', '/2'))
})

test('No request fails, and no connection breaks, while generations wait, are promoted and aborted', async t => {
  const { srv, port } = await serve(t, app)
  const load = new Load(port, 8, true)
  for (let i = 0; i < 3; i++) {
    await srv.reload({ standby: true })
    await load.answered(50)
    if (i === 1) await srv.abort()
    else await srv.promote()
    await load.answered(50)
  }
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
  assert.equal(srv.generation, 4)
})
