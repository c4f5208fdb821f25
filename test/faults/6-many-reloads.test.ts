import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { answering, captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { heapUsed } from '../helpers/memory.js'
import { processes, temporary } from '../helpers/leftovers.js'
import { events, nextEvent, until } from '../helpers/wait.js'

test('6. Reloads that are asked for while one runs share one that follows it', async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 1 })
  let reloads = 0
  srv.on('reload', () => reloads++)
  const called: number[] = []
  const all = Array.from({ length: 5 }, (_, i) => srv.reload(() => called.push(i)))
  const results = await Promise.all(all)
  assert.deepEqual(
    results.map(({ generation }) => generation),
    [2, 3, 3, 3, 3]
  )
  assert.deepEqual(called, [0, 1, 2, 3, 4])
  assert.equal(reloads, 2)
})

test('6. The one that follows brings the change that was made while the first one ran', async t => {
  const app = writeApp(t, answering('one'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 1 })
  const first = srv.reload()
  await nextEvent(srv, 'reload')
  app.write(answering('two'))
  await Promise.all([first, srv.reload()])
  assert.equal((await fetchOnce(port)).body, 'two')
})

test('6. A reload that fails does not take the one behind it along', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('one'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 1 })
  app.write('throw new Error("broken")')
  const first = srv.reload()
  const second = srv.reload()
  const third = srv.reload()
  srv.once('fail', () => app.write(answering('two')))
  await assert.rejects(first, { code: 'UP_ERR_RELOAD' })
  assert.equal((await second).generation, 2)
  assert.equal(await second, await third)
  assert.equal((await fetchOnce(port)).body, 'two')
})

test('6. Reloads that all fail all reject', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('one'))
  const { srv, port } = await serve(t, app.file, { numWorkers: 1 })
  app.write('throw new Error("broken")')
  const settled = await Promise.allSettled([srv.reload(), srv.reload(), srv.reload()])
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected']
  )
  assert.equal(srv.status().reloading, false)
  assert.equal((await fetchOnce(port)).body, 'one')
})

test('6. A failed reload that nobody awaits is no unhandled rejection', async t => {
  captureStderr(t)
  const app = writeApp(t, answering('one'))
  const { srv } = await serve(t, app.file, { numWorkers: 1 })
  app.write('throw new Error("broken")')
  const failed = events(srv, 'fail', 2)
  void srv.reload()
  assert.deepEqual(
    (await failed).map(({ name }) => name),
    ['WorkerError', 'ReloadError']
  )
})

test('6. A hundred reloads in a row under load lose no request, and leave nothing behind', async t => {
  const { server, srv, port } = await serve(t, fixture('plain.mjs'), { numWorkers: 1 })
  const load = new Load(port, 4, true)
  const measure = async () => {
    await until(() => srv.status().workers.length === 1)
    return {
      descriptors: readdirSync('/proc/self/fd').length,
      sockets: readdirSync(temporary, { recursive: true }).length,
      processes: processes().length,
      listeners: [server, process, process.stderr].reduce((sum, emitter) => sum + countListeners(emitter), 0)
    }
  }
  for (let i = 0; i < 5; i++) await srv.reload()
  await load.answered(20)
  const before = await measure()
  const heap = heapUsed()
  for (let i = 0; i < 95; i++) await srv.reload()
  await load.answered(20)
  const after = await measure()
  const growth = heapUsed() - heap
  const { requests, failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
  assert.ok(requests > 1000, `${requests} requests`)
  assert.equal(srv.generation, 101)
  const { descriptors, ...rest } = after
  const { descriptors: descriptorsBefore, ...restBefore } = before
  assert.deepEqual(rest, restBefore)
  // A connection may be in use at one look and not at the other.
  assert.ok(
    Math.abs(descriptors - descriptorsBefore) <= 8,
    `${descriptorsBefore} -> ${descriptors} descriptors`
  )
  assert.ok(growth < 4_000_000, `the heap grew by ${growth} bytes`)
})

function countListeners(emitter: NodeJS.EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
}
