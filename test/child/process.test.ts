import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { WorkerError } from '#lib/errors.js'
import { captureStderr, fixture, launch, serve, writeApp } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { exited, message, nextEvent } from '../helpers/wait.js'

const app = fixture('process.cjs')

test('An app sees the command line that it would have without us, and is the main module', async t => {
  captureStderr(t)
  const { port } = await serve(t, app, { numWorkers: 1 })
  const { argv, isMain } = JSON.parse((await fetchOnce(port)).body) as { argv: string[]; isMain: boolean }
  assert.deepEqual(argv, [process.execPath, app])
  assert.equal(isMain, true)
})

test('What an app writes to stderr goes to the stderr of the master', async t => {
  const stderr = captureStderr(t)
  await serve(t, app, { numWorkers: 1 })
  assert.match(stderr(), /^stderr of the app$/m)
})

test('What an app writes to stdout goes to the stdout of the master', async () => {
  const master = fork(fixture('master.mjs'), [app], { silent: true, execArgv: [] })
  const out = text(master.stdout ?? process.stdin)
  master.once('message', () => master.send('close'))
  await exited(master)
  assert.match(await out, /^stdout of the app$/m)
})

test('An uncaught error ends the worker, and is told with its stack', async t => {
  captureStderr(t)
  const { srv, port } = await serve(t, fixture('app.mjs'), { numWorkers: 1 })
  const failed = nextEvent(srv, 'fail')
  const back = nextEvent(srv, 'spawn')
  assert.equal((await fetchOnce(port, '/throw', { method: 'POST' })).status, 502)
  const error = (await failed) as WorkerError
  assert.equal(error.code, 'UP_ERR_WORKER_EXIT')
  assert.match(error.message, /died: it exited with code 1/)
  assert.match(error.stderr, /Error: thrown by the app\n {4}at .*app\.mjs/)
  await back
})

test('An app that closes a pool upon SIGTERM finishes before it leaves', async t => {
  const stderr = captureStderr(t)
  const { srv } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const gone = nextEvent(srv, 'terminate')
  await srv.reload()
  assert.equal(await gone, worker)
  assert.deepEqual([worker.exitCode, worker.signalCode], [0, null])
  assert.match(stderr(), /closing the pool\nthe pool is closed/)
})

test('SIGTERM comes only when the work is done', async t => {
  const stderr = captureStderr(t)
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const waiting = message(worker, 'waiting')
  const answer = fetchOnce(port, '/wait')
  await waiting
  await srv.reload()
  assert.doesNotMatch(stderr(), /closing the pool/)
  const gone = nextEvent(srv, 'terminate')
  worker.proc.kill('SIGUSR2')
  assert.equal((await answer).body, 'waited')
  await gone
  assert.match(stderr(), /the pool is closed/)
})

test('close() lets an app close its pool, too', async t => {
  const stderr = captureStderr(t)
  const { srv } = await serve(t, app, { numWorkers: 1 })
  await srv.close()
  assert.match(stderr(), /closing the pool\nthe pool is closed/)
})

test('An app without a handler for SIGTERM ends by it', async t => {
  const { srv } = await serve(t, fixture('plain.mjs'), { numWorkers: 1 })
  const [worker] = srv.workers
  await srv.close()
  assert.ok(worker?.signalCode === 'SIGTERM' || worker?.exitCode === 0)
})

test('Messages of the app are not taken for ours, nor ours shown to the app', async t => {
  const { file } = writeApp(
    t,
    `const seen = []
     process.on('message', message => seen.push(message))
     process.send({ type: 'ready' })
     process.send({ type: 'up' })
     process.send('up:ready')
     process.send(null)
     export default (req, res) => res.end(JSON.stringify(seen))`
  )
  const { srv, port } = await serve(t, file, { numWorkers: 1, workerPingInterval: 20 })
  srv.workers[0]?.proc.send({ hello: 'app' })
  let body = '[]'
  while (body === '[]') ({ body } = await fetchOnce(port))
  assert.ok(body.includes('{"hello":"app"}'))
})

test('The end of a long stderr is kept for the error', async t => {
  captureStderr(t)
  const { file } = writeApp(t, `console.error('x'.repeat(100_000)); throw new Error('the end')`)
  const { srv } = await launch(t, file, { numWorkers: 1 })
  const { stderr } = (await nextEvent(srv, 'fail')) as WorkerError
  assert.ok(stderr.startsWith('...'))
  assert.ok(stderr.length < 20_000)
  assert.match(stderr, /Error: the end/)
})

test('A process that outlives the worker with its stderr does not hold up the report', async t => {
  captureStderr(t)
  const { folder, file } = writeApp(
    t,
    `import { spawn } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'inherit'], detached: true })
     writeFileSync(import.meta.dirname + '/pid', String(child.pid))
     console.error('left a child')
     process.exit(1)`
  )
  const { srv } = await launch(t, file, { numWorkers: 1, keepAlive: false })
  const { stderr } = (await nextEvent(srv, 'fail')) as WorkerError
  assert.equal(stderr, 'left a child')
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  assert.ok(pid > 0 && process.kill(pid, 'SIGKILL'))
})
