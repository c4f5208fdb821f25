import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import { fixture } from '../helpers/app.js'
import { fetchOnce } from '../helpers/client.js'
import { leftovers } from '../helpers/leftovers.js'
import { exited, until, within } from '../helpers/wait.js'

interface Master {
  readonly proc: ChildProcess
  readonly port: number
  /** Its workers. */
  readonly pids: number[]
}

async function startMaster(t: TestContext, options: UpOptions = {}, file = 'app.mjs'): Promise<Master> {
  const proc = fork(fixture('master.mjs'), [fixture(file), JSON.stringify(options)], { execArgv: [] })
  t.after(() => proc.kill('SIGKILL'))
  const [told] = (await within(once(proc, 'message'), 'the start of the master')) as [Omit<Master, 'proc'>]
  return { proc, ...told }
}

/** Nothing is left of the master, of its workers and their sockets, within two seconds. */
async function assertNothingLeft(master: Master): Promise<void> {
  await exited(master.proc)
  await until(() => leftovers().length === 0, 2000).catch(() => {})
  assert.deepEqual(leftovers(), [])
}

for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  test(`8. When ${signal} ends the master, no worker and no file is left`, async t => {
    const master = await startMaster(t, { numWorkers: 2 })
    master.proc.kill(signal)
    await assertNothingLeft(master)
    assert.equal(master.proc.signalCode, signal)
  })
}

test('8. When the master is killed, workers on ports are gone as well', async t => {
  const master = await startMaster(t, { numWorkers: 2, workerBind: 'port' })
  master.proc.kill('SIGKILL')
  await assertNothingLeft(master)
})

test('8. When the master is killed, a worker whose event loop is blocked is gone as well', async t => {
  const master = await startMaster(t, { numWorkers: 2 })
  const told = once(master.proc, 'message')
  const blocked = assert.rejects(fetchOnce(master.port, '/block', { method: 'POST' }))
  await within(told, 'the blocking')
  master.proc.kill('SIGKILL')
  await assertNothingLeft(master)
  await blocked
})

test('8. When the master is killed, a worker that is stopped is gone as well', async t => {
  const master = await startMaster(t, { numWorkers: 2 })
  const [stopped] = master.pids
  assert.ok(stopped)
  process.kill(stopped, 'SIGSTOP')
  master.proc.kill('SIGKILL')
  await assertNothingLeft(master)
})

test('8. When the master is killed, a worker that ignores SIGTERM is gone as well', async t => {
  const master = await startMaster(t, { numWorkers: 1 }, 'stubborn.cjs')
  master.proc.kill('SIGKILL')
  await assertNothingLeft(master)
})

test('8. When the master is killed in the middle of a reload, neither generation is left', async t => {
  const master = await startMaster(t, { numWorkers: 2 })
  const reloading = once(master.proc, 'message')
  master.proc.send('reload')
  await within(reloading, 'the first new worker')
  master.proc.kill('SIGKILL')
  await assertNothingLeft(master)
})

test('8. When the master is killed while its workers start, none is left', async t => {
  const proc = fork(fixture('master.mjs'), [fixture('app.mjs'), '{"numWorkers":2}'], { execArgv: [] })
  t.after(() => proc.kill('SIGKILL'))
  // Two workers and the guard.
  await until(() => leftovers().filter(line => /^\d+ /.test(line)).length >= 4)
  proc.kill('SIGKILL')
  await assertNothingLeft({ proc, port: 0, pids: [] })
})

test('8. When the master is killed with a request in flight, its worker does not stay for it', async t => {
  const master = await startMaster(t, { numWorkers: 1 })
  const told = once(master.proc, 'message')
  const answer = assert.rejects(fetchOnce(master.port, '/never'))
  await within(told, 'the request')
  master.proc.kill('SIGKILL')
  await answer
  await assertNothingLeft(master)
})

test('8. An uncaught error in the master ends the workers', async t => {
  const master = await startMaster(t, { numWorkers: 1 })
  master.proc.send('throw')
  await assertNothingLeft(master)
  assert.equal(master.proc.exitCode, 7)
})

test('8. process.exit() in the master ends the workers', async t => {
  const master = await startMaster(t, { numWorkers: 1 })
  master.proc.send('exit')
  await assertNothingLeft(master)
})

test('8. After close() the master ends by itself', async t => {
  const master = await startMaster(t, { numWorkers: 2 })
  master.proc.send('close')
  await assertNothingLeft(master)
  assert.equal(master.proc.exitCode, 0)
})
