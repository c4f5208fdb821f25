import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { UpOptions } from '#lib/options/options.js'
import { captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { until } from '../helpers/wait.js'

const APP = `
  export default (req, res) => {
    if (req.url === '/fails') return res.writeHead(500).end()
    if (req.url === '/breaks') return res.write('half', () => req.socket.destroy())
    if (req.url === '/dies') return process.exit(1)
    res.end('well')
  }
`

for (const fastPath of [true, false]) {
  const way = fastPath ? 'on the fast path' : 'on the ordinary way'

  test(`status() tells what was answered, failed and broken off, ${way}`, async t => {
    const options: UpOptions = { numWorkers: 1, fastPath }
    const { srv, port } = await serve(t, writeApp(t, APP).file, options)
    const { traffic: before, workers } = srv.status()
    const none = { answered: 0, errors: 0, retries: 0, inFlight: 0, requestsPerSecond: 0 }
    assert.deepEqual(before, { ...none, p50Ms: null, p99Ms: null })
    assert.deepEqual([workers[0]?.errors, workers[0]?.p99Ms], [0, null])
    await fetchOnce(port, '/')
    await fetchOnce(port, '/fails')
    await assert.rejects(fetchOnce(port, '/breaks'))
    await until(() => srv.status().traffic.answered === 3)
    // Of whole seconds.
    await until(() => srv.status().traffic.requestsPerSecond > 0)
    const { traffic, workers: after } = srv.status()
    assert.equal(traffic.errors, 2)
    assert.equal(after[0]?.errors, 2)
    assert.ok(traffic.p50Ms !== null && traffic.p99Ms !== null && traffic.p50Ms <= traffic.p99Ms)
    assert.ok(after[0].p99Ms !== null)
  })

  test(`A request that a worker broke is its error, and the answer is the master's, ${way}`, async t => {
    captureStderr(t)
    const { srv, port } = await serve(t, writeApp(t, APP).file, { numWorkers: 1, fastPath })
    assert.equal((await fetchOnce(port, '/dies', { method: 'POST' })).status, 502)
    const { answered, errors } = srv.status().traffic
    assert.deepEqual([answered, errors], [1, 1])
  })
}

test('An upgrade counts as one answer, when it is made', async t => {
  const { srv, port } = await serve(t, fixture('app.mjs'), { numWorkers: 1 })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  assert.equal(srv.status().traffic.answered, 1)
  socket.close()
  await once(socket, 'close')
  await until(() => srv.status().workers[0]?.upgrades === 0)
  assert.equal(srv.status().traffic.answered, 1)
})

test('Workers tell how they do', async t => {
  const { srv } = await serve(t, fixture('app.mjs'), { numWorkers: 1 })
  const told = (): boolean => srv.status().workers.every(({ memoryBytes }) => memoryBytes !== null)
  await until(told)
  const [worker] = srv.status().workers
  assert.ok(worker?.memoryBytes != null && worker.memoryBytes > 10e6)
  assert.ok(worker.cpuPercent !== null && worker.cpuPercent >= 0)
  assert.ok(worker.lagMs !== null && worker.lagMs >= 0)
})
