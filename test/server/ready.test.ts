import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { captureStderr, launch, serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { message, nextEvent } from '../helpers/wait.js'

const ready = fileURLToPath(new URL('../../../dist/lib/child/ready.js', import.meta.url))

/** Says that it is ready when it is told to by a signal. */
const slow = `
  import { ready } from ${JSON.stringify(ready)}
  process.on('SIGUSR2', () => { ready(); ready() })
  process.send('loaded')
  export default (req, res) => res.end('here')
`

test('With assumeReady false a worker serves from its call of up.ready() on, not before', async t => {
  const { srv, port } = await launch(t, writeApp(t, slow).file, { numWorkers: 1, assumeReady: false })
  const [worker] = srv.spawning
  assert.ok(worker)
  await message(worker, 'loaded')
  const answer = fetchOnce(port)
  while (srv.status().held !== 1) await new Promise(setImmediate)
  assert.equal(worker.readyState, 'spawning')
  const spawned = nextEvent(srv, 'spawn')
  worker.proc.kill('SIGUSR2')
  assert.equal(await spawned, worker)
  assert.equal((await answer).body, 'here')
})

test('With assumeReady false up.ready() may come before the worker listens', async t => {
  const app = writeApp(
    t,
    `import { ready } from ${JSON.stringify(ready)}; ready(); export default (req, res) => res.end('early')`
  )
  const { port } = await serve(t, app.file, { numWorkers: 1, assumeReady: false })
  assert.equal((await fetchOnce(port)).body, 'early')
})

test('With assumeReady false a worker that never calls up.ready() fails', async t => {
  captureStderr(t)
  const app = writeApp(t, `export default (req, res) => res.end()`)
  const { srv } = await launch(t, app.file, { numWorkers: 1, assumeReady: false, readyTimeout: 2000 })
  const error = await nextEvent(srv, 'fail')
  assert.match(error.message, /did not call up\.ready\(\) within 2000 ms \(readyTimeout\)/)
})

test('With assumeReady true a call of up.ready() changes nothing', async t => {
  const app = writeApp(
    t,
    `import { ready } from ${JSON.stringify(ready)}; export default (req, res) => { ready(); res.end('fine') }`
  )
  const { srv, port } = await serve(t, app.file, { numWorkers: 1 })
  assert.equal((await fetchOnce(port)).body, 'fine')
  assert.equal((await fetchOnce(port)).body, 'fine')
  assert.equal(srv.workers.length, 1)
})

test('Outside a worker up.ready() does nothing', async () => {
  const { ready } = await import('#lib/child/ready.js')
  assert.equal(ready(), undefined)
})
