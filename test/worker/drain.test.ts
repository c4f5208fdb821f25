import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Drain } from '#lib/worker/drain.js'

function draining(
  t: TestContext,
  lingerMs: number
): { drain: Drain; over: () => number; pass: (ms: number) => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let count = 0
  const drain = new Drain(lingerMs, () => {
    count++
    drain.stop()
  })
  return { drain, over: () => count, pass: ms => t.mock.timers.tick(ms) }
}

test('a worker that does not linger is over when it is idle, or when its time is', t => {
  const { drain, over, pass } = draining(t, 0)
  drain.begin(1000, true)
  assert.equal(over(), 1)
  drain.begin(1000, false)
  pass(999)
  assert.equal(over(), 1)
  pass(1)
  assert.equal(over(), 2)
})

test('a worker that lingers is over when it has been idle for so long, without a break', t => {
  const { drain, over, pass } = draining(t, 100)
  drain.begin(10_000, true)
  pass(99)
  drain.onBusy()
  pass(500)
  drain.onIdle()
  pass(99)
  assert.equal(over(), 0)
  pass(1)
  assert.equal(over(), 1)
  drain.stop()
})

test('a worker that lingers is over with its time, idle or not; with none, at once', t => {
  const { drain, over, pass } = draining(t, 100)
  drain.begin(150, true)
  pass(90)
  drain.onBusy()
  pass(60)
  assert.equal(over(), 1)
  drain.stop()
  drain.begin(0, false)
  assert.equal(over(), 2)
})
