import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveUpOptions } from '#lib/server/live-up-options.js'

test('Options of workers and of reloads can change; the others are named, and stay', () => {
  const live = new LiveUpOptions({ numWorkers: 2, holdPoll: '5s', env: { A: '1' } })
  const { now } = live
  const { notApplied } = live.change({ numWorkers: 3, holdPoll: '6s', workerTimeout: '1s', env: { A: '2' } })
  assert.deepEqual(notApplied, ['holdPoll'])
  const { numWorkers, holdPollMs, workerTimeoutMs, env } = now
  assert.deepEqual(
    { numWorkers, holdPollMs, workerTimeoutMs, env },
    { numWorkers: 3, holdPollMs: 5000, workerTimeoutMs: 1000, env: { A: '2' } }
  )
})

test('An option that could not change is named until it is what it was', () => {
  const live = new LiveUpOptions({ holdPoll: '5s' })
  assert.deepEqual(live.change({ holdPoll: '6s' }).notApplied, ['holdPoll'])
  assert.deepEqual(live.change({ holdPoll: '6s' }).notApplied, ['holdPoll'])
  assert.deepEqual(live.change({ holdPoll: '5s' }).notApplied, [])
})

test('An option that is not given any more has its default', () => {
  const live = new LiveUpOptions({ killTimeout: '1s' })
  live.change({})
  assert.equal(live.now.killTimeoutMs, 5000)
})

test('What is undone is as it was, and so is what a later change compares with', () => {
  const live = new LiveUpOptions({ numWorkers: 2 })
  live.change({ numWorkers: 3 }).undo()
  assert.equal(live.now.numWorkers, 2)
  live.change({ numWorkers: 3 })
  assert.equal(live.now.numWorkers, 3)
})

test('A number of workers that was set by hand stays while the option does', () => {
  const live = new LiveUpOptions({ numWorkers: 2 })
  live.resize(5)
  live.change({ numWorkers: 2, killTimeout: '1s' })
  assert.equal(live.now.numWorkers, 5)
  live.change({ numWorkers: 3 })
  assert.equal(live.now.numWorkers, 3)
})

test('A wrong option changes nothing', () => {
  const live = new LiveUpOptions({ numWorkers: 2 })
  assert.throws(() => live.change({ numWorkers: 0, killTimeout: '1s' }), { code: 'UP_ERR_OPTION' })
  assert.deepEqual([live.now.numWorkers, live.now.killTimeoutMs], [2, 5000])
})

test('A function that was loaded anew is the same while its text is', () => {
  const make = (): { balance: () => never } => ({ balance: () => assert.fail('not asked') })
  const live = new LiveUpOptions(make())
  assert.deepEqual(live.change(make()).notApplied, [])
  assert.deepEqual(live.change({ balance: ([first]) => first ?? assert.fail('none') }).notApplied, [
    'balance'
  ])
})
