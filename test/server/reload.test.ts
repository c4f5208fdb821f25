import assert from 'node:assert/strict'
import { existsSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Strategy } from '#lib/options/options.js'
import type { Worker } from '#lib/worker/worker.js'
import { answering, captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, Load } from '../helpers/client.js'
import { events, nextEvent, until } from '../helpers/wait.js'

const strategies: Strategy[] = ['first', 'all', 'rolling']

for (const strategy of strategies) {
  test(`A reload under '${strategy}' brings the new code, in the same connection`, async t => {
    const app = writeApp(t, answering('old'))
    const { srv, port } = await serve(t, app.file, { numWorkers: 2, strategy })
    const client = new Client(port)
    t.after(() => client.close())
    assert.equal((await client.get('/')).body, 'old')
    app.write(answering('new'))
    const result = await srv.reload()
    for (let i = 0; i < 4; i++) assert.equal((await client.get('/')).body, 'new')
    assert.equal(client.connections, 1)
    assert.equal(result.generation, 2)
    assert.deepEqual(result.workers, srv.workers)
    assert.equal(srv.workers.length, 2)
    assert.equal(srv.generation, 2)
  })

  test(`reload(fn) under '${strategy}' calls fn once, with the first new worker`, async t => {
    const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 2, strategy })
    const first = nextEvent(srv, 'spawn')
    const called: Worker[] = []
    await srv.reload(worker => called.push(worker))
    assert.deepEqual(called, [await first])
  })

  test(`No request fails, and no connection breaks, during reloads under '${strategy}'`, async t => {
    const { srv, port } = await serve(t, fixture('app.mjs'), { numWorkers: 2, strategy })
    const load = new Load(port, 8, true)
    for (let i = 0; i < 4; i++) {
      await load.answered(50)
      await srv.reload()
    }
    await load.answered(50)
    const { failed, reconnects } = await load.stop()
    assert.deepEqual(failed, [])
    assert.equal(reconnects, 0)
    assert.equal(srv.generation, 5)
  })
}

test(`Under 'first' the switch is made by the first new worker; the others join`, async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 3 })
  const old = srv.workers
  let atSwitch: Worker[] = []
  const reload = srv.reload()
  srv.once('reload', ({ generation, workers }) => {
    assert.equal(generation, 2)
    assert.deepEqual(workers, srv.workers)
    atSwitch = srv.workers
    assert.ok(old.every(({ readyState }) => readyState !== 'spawned'))
  })
  const { workers } = await reload
  assert.equal(atSwitch.length, 1)
  assert.equal(workers.length, 3)
})

test(`Under 'all' the old workers serve until the whole new set is ready`, async t => {
  const { srv, port } = await serve(t, fixture('app.mjs'), { numWorkers: 2, strategy: 'all' })
  const old = srv.workers.map(({ pid }) => pid)
  srv.once('spawn', () => assert.equal(srv.generation, 1))
  const first = nextEvent(srv, 'spawn').then(async () => Number((await fetchOnce(port, '/pid')).body))
  let atSwitch = 0
  srv.once('reload', ({ workers }) => (atSwitch = workers.length))
  const { workers } = await srv.reload()
  assert.equal(atSwitch, 2)
  assert.ok([...old, ...workers.map(({ pid }) => pid)].includes(await first))
})

test(`Under 'rolling' there are never fewer workers than wanted, and one more at most`, async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 3, strategy: 'rolling' })
  const counts = new Set<number>()
  const note = (): unknown => counts.add(srv.workers.length)
  srv.on('spawn', note).on('retire', note).on('terminate', note)
  await srv.reload()
  assert.deepEqual([...counts].sort(), [3, 4])
})

test('An exception in the function given to reload() is told by `fail`, and harms nothing', async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 1 })
  const failed = nextEvent(srv, 'fail')
  const { generation } = await srv.reload(() => {
    throw new Error('mine')
  })
  assert.equal(generation, 2)
  assert.match((await failed).message, /the function given to reload\(\) threw: Error: mine/)
})

test('A deployment that points a link at a new folder is found by the next reload', async t => {
  const one = writeApp(t, answering('one'))
  const two = writeApp(t, answering('two'))
  const link = join(one.folder, 'current')
  symlinkSync(one.folder, link)
  const { srv, port } = await serve(t, join(link, 'app.mjs'), { numWorkers: 1 })
  assert.equal((await fetchOnce(port)).body, 'one')
  symlinkSync(two.folder, `${link}.new`)
  renameSync(`${link}.new`, link)
  await srv.reload()
  assert.equal((await fetchOnce(port)).body, 'two')
})

test('A worker that dies during a reload is replaced by one of its own generation', async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 2, minExpectedLifetime: 0 })
  const spawned = events(srv, 'spawn', 3)
  const reload = srv.reload(worker => worker.kill())
  const { workers } = await reload
  await spawned
  assert.deepEqual(
    srv.workers.map(({ generation }) => generation),
    [2, 2]
  )
  assert.ok(workers.length <= 2)
})

test(`Under 'first' a sibling that fails after the switch is tried again, and the reload waits for it`, async t => {
  captureStderr(t)
  const app = writeApp(t, answering('old'))
  const { srv, port, failures } = await serve(t, app.file, { numWorkers: 2 })
  // The first to come serves, the second fails when it is told to, the third serves.
  app.write(`
    import { mkdirSync } from 'node:fs'
    const told = new Promise(resolve => process.on('SIGUSR2', resolve))
    const isFirst = name => { try { mkdirSync(import.meta.dirname + '/' + name); return true } catch { return false } }
    if (!isFirst('one') && isFirst('two')) {
      await told
      throw new Error('the second')
    }
    ${answering('new')}
  `)
  const reload = srv.reload()
  await nextEvent(srv, 'reload')
  assert.equal((await fetchOnce(port)).body, 'new')
  await until(() => existsSync(join(app.folder, 'two')))
  srv.spawning[0]?.proc.kill('SIGUSR2')
  const { workers } = await reload
  assert.equal(workers.length, 2)
  assert.equal(failures.length, 1)
  assert.match(failures[0]?.message ?? '', /the second/)
})
