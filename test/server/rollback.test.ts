import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Strategy } from '#lib/options/options.js'
import { answering, captureStderr, fixture, launch, serve, writeApp } from '../helpers/app.js'
import { Browser } from '../helpers/browser.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { generationsByPid, pidsOf, Releases } from '../helpers/generations.js'
import { events, exited, message, nextEvent, until } from '../helpers/wait.js'

const app = fixture('app.mjs')

test('rollback() starts the release before, where a link led to it; a second one goes forward again', async t => {
  const releases = new Releases(t)
  releases.deploy('1', answering('one'))
  const { srv, port } = await serve(t, releases.file)
  releases.deploy('2', answering('two'))
  await srv.reload()
  await until(() => pidsOf(srv, 1).length === 0)
  const told = nextEvent(srv, 'reload')
  const back = await srv.rollback()
  assert.equal((await told).generation, 3)
  assert.equal(back.generation, 3)
  assert.equal(back.workers.length, 2)
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(port)).body, 'one')
  assert.equal((await srv.rollback()).generation, 4)
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(port)).body, 'two')
  // A reload finds where the link leads now, as always.
  await srv.rollback()
  await srv.reload()
  assert.equal((await fetchOnce(port)).body, 'two')
})

test('rollback() without links starts the same files as they are now', async t => {
  const code = writeApp(t, answering('one'))
  const { srv, port } = await serve(t, code.file, { numWorkers: 1 })
  code.write(answering('two'))
  await srv.reload()
  code.write(answering('one, mended'))
  await srv.rollback()
  assert.equal((await fetchOnce(port)).body, 'one, mended')
})

test('With keepPrevious rollback() brings the old workers back in one tick, and forward again', async t => {
  const { srv, port } = await serve(t, app, { keepPrevious: true })
  const generationOf = generationsByPid(srv)
  const olds = srv.workers
  const { workers: news } = await srv.reload()
  assert.deepEqual(srv.workers, news)
  assert.ok(olds.every(({ readyState }) => readyState === 'spawned'))
  for (let i = 0; i < 6; i++) assert.equal(generationOf((await fetchOnce(port, '/pid')).body), 2)

  const told = nextEvent(srv, 'reload')
  const back = srv.rollback()
  // Nothing was awaited since the call.
  assert.equal(srv.generation, 1)
  assert.deepEqual(srv.workers, olds)
  assert.equal(srv.nextWorker()?.generation, 1)
  assert.deepEqual(await back, { generation: 1, version: olds[0]?.version, workers: olds })
  assert.equal(await told, await back)
  for (let i = 0; i < 6; i++) assert.equal(generationOf((await fetchOnce(port, '/pid')).body), 1)

  await srv.rollback()
  assert.equal(srv.generation, 2)
  assert.deepEqual(srv.workers, news)
  // Numbers do not repeat.
  assert.equal((await srv.reload()).generation, 3)
})

test('Kept workers finish what they have, and stay though they are idle, until workerTimeout is over', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, keepPrevious: true, workerTimeout: '2s' })
  const [old] = srv.workers
  assert.ok(old !== undefined)
  const waiting = message(old, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  const retired = nextEvent(srv, 'retire')
  await srv.reload()
  old.proc.kill('SIGUSR2')
  assert.equal((await answer).body, `waited at ${old.pid}`)
  assert.equal(old.inFlight, 0)
  assert.equal(old.readyState, 'spawned')
  assert.equal(await retired, old)
  await exited(old.proc)
  // Then it is started anew.
  assert.equal((await srv.rollback()).generation, 3)
})

test('Only the generation directly before is kept', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1, keepPrevious: true })
  const [first] = srv.workers
  assert.ok(first !== undefined)
  await srv.reload()
  assert.equal(first.readyState, 'spawned')
  await srv.reload()
  await exited(first.proc)
  assert.equal(pidsOf(srv, 2).length, 1)
  await srv.rollback()
  assert.equal(srv.generation, 2)
  assert.equal(pidsOf(srv, 3).length, 1)
})

test('keepPrevious may be said for one reload, and for the switch of a standby', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const [first] = srv.workers
  assert.ok(first !== undefined)
  await srv.reload({ keepPrevious: true })
  await srv.rollback()
  assert.equal(srv.workers[0], first)
  await srv.reload({ standby: true, keepPrevious: true })
  assert.equal(pidsOf(srv, 2).length, 1)
  await srv.promote()
  await until(() => pidsOf(srv, 2).length === 0)
  await srv.rollback()
  assert.equal(srv.workers[0], first)
  await srv.reload()
  await exited(first.proc)
})

test('Kept workers that are dead are started anew, and those that live are not', async t => {
  captureStderr(t)
  const { srv } = await serve(t, app, { keepPrevious: true, keepAlive: false })
  const [one, other] = srv.workers
  assert.ok(one !== undefined && other !== undefined)
  await srv.reload()
  const gone = nextEvent(srv, 'terminate')
  one.kill()
  await gone
  await srv.rollback()
  // What is at hand serves.
  assert.deepEqual(srv.workers, [other])
  await srv.rollback()
  const goneToo = nextEvent(srv, 'terminate')
  other.kill()
  await goneToo
  assert.equal((await srv.rollback()).generation, 3)
  assert.equal(srv.workers.length, 2)
})

test('A kept worker that dies is replaced, by one that is kept as well', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, app, {
    numWorkers: 1,
    keepPrevious: true,
    minExpectedLifetime: 0
  })
  const [old] = srv.workers
  const { workers: news } = await srv.reload()
  const again = nextEvent(srv, 'spawn')
  old?.kill()
  const { pid, generation } = await again
  assert.equal(generation, 1)
  assert.deepEqual(srv.workers, news)
  for (let i = 0; i < 3; i++) assert.equal((await fetchOnce(port, '/pid')).body, String(news[0]?.pid))
  await srv.rollback()
  assert.equal((await fetchOnce(port, '/pid')).body, String(pid))
})

test('A kept generation has the number of workers that is wanted when it comes back', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1, keepPrevious: true })
  await srv.reload()
  await srv.scale(3)
  const added = events(srv, 'spawn', 2)
  await srv.rollback()
  await added
  assert.equal(srv.workers.length, 3)
  assert.ok(srv.workers.every(({ generation }) => generation === 1))
  await srv.scale(1)
  await srv.rollback()
  assert.equal(srv.workers.length, 1)
})

test('A rollback to a release that is gone fails, and what serves goes on', async t => {
  captureStderr(t)
  const releases = new Releases(t)
  releases.deploy('1', answering('one'))
  const { srv, port, failures } = await serve(t, releases.file, { numWorkers: 1 })
  releases.deploy('2', answering('two'))
  await srv.reload()
  rmSync(join(releases.folder, '1'), { recursive: true })
  await assert.rejects(srv.rollback(), { name: 'ReloadError', code: 'UP_ERR_RELOAD' })
  assert.ok(failures.some(error => error.name === 'ReloadError'))
  assert.equal(srv.generation, 2)
  assert.equal((await fetchOnce(port)).body, 'two')
})

test('rollback() aborts a generation that waits', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1 })
  await srv.reload()
  const { workers } = await srv.reload({ standby: true })
  await srv.rollback()
  assert.equal(srv.status().standby, null)
  await until(() => workers.every(({ readyState }) => readyState === 'terminated'))
})

test('rollback() after a rolling reload that stopped half way brings all of the old code back', async t => {
  captureStderr(t)
  const releases = new Releases(t)
  releases.deploy('1', answering('one'))
  const { srv, port } = await serve(t, releases.file, { strategy: 'rolling' })
  // Only the first worker can start.
  releases.deploy(
    '2',
    `import { mkdirSync } from 'node:fs'
    mkdirSync(import.meta.dirname + '/taken')
    ${answering('two')}`
  )
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD' })
  assert.deepEqual(srv.workers.map(({ generation }) => generation).sort(), [1, 2])
  await srv.rollback()
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(port)).body, 'one')
  assert.ok(srv.workers.every(({ generation }) => generation === 3))
})

test('With workerTimeout 0 nothing can be kept, and rollback() starts the release before', async t => {
  const releases = new Releases(t)
  releases.deploy('1', answering('one'))
  const { srv, port } = await serve(t, releases.file, {
    numWorkers: 1,
    workerTimeout: 0,
    keepPrevious: true
  })
  releases.deploy('2', answering('two'))
  await srv.reload()
  assert.equal((await fetchOnce(port)).body, 'two')
  await srv.rollback()
  assert.equal((await fetchOnce(port)).body, 'one')
})

test('With workerTimeout 0, and new code that does not start, rollback() brings the old back', async t => {
  captureStderr(t)
  const releases = new Releases(t)
  releases.deploy('1', answering('one'))
  const { srv, port } = await launch(t, releases.file, { numWorkers: 1, workerTimeout: 0 })
  releases.deploy('2', 'throw new Error("broken")')
  await assert.rejects(srv.reload(), { code: 'UP_ERR_RELOAD', message: /broken/ })
  const held = fetchOnce(port)
  await srv.rollback()
  assert.equal((await held).body, 'one')
})

test('A sticky client comes back to the worker that it had before', async t => {
  const { srv, port } = await serve(t, app, {
    numWorkers: 3,
    keepPrevious: true,
    balance: { policy: 'sticky', linger: '1m' }
  })
  const browser = new Browser(port)
  const first = await browser.ask()
  await srv.reload()
  // It is in the middle of something, so it lingers.
  assert.equal(await browser.ask(), first)
  await srv.rollback()
  for (let i = 0; i < 3; i++) assert.equal(await browser.ask(), first)
  const others = new Set<string>()
  for (let i = 0; i < 40 && others.size < 3; i++) others.add(await new Browser(port).ask())
  assert.deepEqual([...others].sort(), pidsOf(srv, 1).map(String).sort())
})

test('close() ends kept workers', async t => {
  const { srv } = await serve(t, app, { keepPrevious: true })
  await srv.reload()
  assert.equal(srv.status().workers.length, 4)
  await srv.close()
  assert.deepEqual(srv.status().workers, [])
})

test('close() lets kept workers finish what they have', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1, keepPrevious: true, workerTimeout: '1m' })
  const [old] = srv.workers
  assert.ok(old !== undefined)
  const waiting = message(old, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  await srv.reload()
  const closed = srv.close()
  old.proc.kill('SIGUSR2')
  assert.equal((await answer).body, `waited at ${old.pid}`)
  await closed
})

const strategies: Strategy[] = ['first', 'all', 'rolling']
for (const strategy of strategies)
  for (const keepPrevious of [true, false]) {
    const how = `under '${strategy}', ${keepPrevious ? 'to kept workers' : 'by a start'}`
    test(`No request fails, and no connection breaks, while it is rolled back ${how}`, async t => {
      const { srv, port } = await serve(t, app, { strategy, keepPrevious })
      const load = new Load(port, 8, true)
      await srv.reload()
      for (let i = 0; i < 3; i++) {
        await load.answered(50)
        await srv.rollback()
      }
      await load.answered(50)
      const { failed, reconnects } = await load.stop()
      assert.deepEqual(failed, [])
      assert.equal(reconnects, 0)
      assert.equal(srv.generation, keepPrevious ? 1 : 5)
      assert.equal(srv.workers.length, 2)
    })
  }
