import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture, serve } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { nextEvent } from '../helpers/wait.js'

const stubborn = fixture('stubborn.cjs')

test('10. A worker that ignores SIGTERM gets SIGKILL after killTimeout', async t => {
  const { srv, port } = await serve(t, stubborn, { numWorkers: 1, killTimeout: 400 })
  const retired = nextEvent(srv, 'retire').then(() => performance.now())
  const gone = nextEvent(srv, 'terminate').then(worker => ({ worker, at: performance.now() }))
  await srv.reload()
  assert.equal((await fetchOnce(port)).status, 200)
  const { worker, at } = await gone
  const took = at - (await retired)
  assert.equal(worker.signalCode, 'SIGKILL')
  assert.ok(took >= 395 && took < 3000, `${took} ms`)
})

test('10. With killTimeout 0 a worker has no time to go by itself', async t => {
  const { srv } = await serve(t, stubborn, { numWorkers: 1, killTimeout: 0 })
  const [worker] = srv.workers
  await srv.close()
  assert.equal(worker?.signalCode, 'SIGKILL')
})

test('10. A worker that is stopped is gone after killTimeout', async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 1, killTimeout: 300 })
  const [worker] = srv.workers
  worker?.proc.kill('SIGSTOP')
  await srv.close()
  assert.equal(worker?.signalCode, 'SIGKILL')
})

test('10. close() ends a worker that ignores SIGTERM', async t => {
  const { srv } = await serve(t, stubborn, { numWorkers: 2, killTimeout: 300 })
  const workers = srv.workers
  await srv.close()
  assert.deepEqual(
    workers.map(({ signalCode }) => signalCode),
    ['SIGKILL', 'SIGKILL']
  )
})
