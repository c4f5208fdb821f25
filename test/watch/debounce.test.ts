import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Debounce } from '#lib/watch/debounce.js'

/** Lets the microtasks of a run that ended go on. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

function debounceOf(run: () => void | Promise<void>, maxWaitMs = 3000): Debounce {
  return new Debounce({ quietMs: 100, busyQuietMs: 500, maxWaitMs, run })
}

test('A burst of touches gives one run, once it is quiet', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = debounceOf(run)
  for (let i = 0; i < 10; i++) {
    debounce.touch()
    t.mock.timers.tick(99)
  }
  assert.equal(run.mock.callCount(), 0)
  t.mock.timers.tick(1)
  assert.equal(run.mock.callCount(), 1)
  t.mock.timers.tick(10_000)
  assert.equal(run.mock.callCount(), 1)
})

test('After many touches it has to be quiet for longer', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = debounceOf(run)
  for (let i = 0; i < 11; i++) debounce.touch()
  t.mock.timers.tick(499)
  assert.equal(run.mock.callCount(), 0)
  t.mock.timers.tick(1)
  assert.equal(run.mock.callCount(), 1)
})

test('A small burst after a large one does not wait longer', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = debounceOf(run)
  for (let i = 0; i < 11; i++) debounce.touch()
  t.mock.timers.tick(500)
  await settle()
  debounce.touch()
  t.mock.timers.tick(100)
  assert.equal(run.mock.callCount(), 2)
})

test('Touches that never cease still give a run at the latest after the longest wait', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = debounceOf(run)
  for (let elapsed = 0; elapsed < 6500; elapsed += 50) {
    debounce.touch()
    t.mock.timers.tick(50)
    await settle()
  }
  assert.equal(run.mock.callCount(), 2)
})

test('A run at the longest wait is followed by one more when it becomes quiet', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = debounceOf(run, 200)
  for (let i = 0; i < 4; i++) {
    debounce.touch()
    t.mock.timers.tick(50)
  }
  await settle()
  assert.equal(run.mock.callCount(), 1)
  t.mock.timers.tick(50)
  assert.equal(run.mock.callCount(), 2)
})

test('Touches during a run give one more run after it, however many they are', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const ends: (() => void)[] = []
  const run = mock.fn(() => new Promise<void>(end => ends.push(end)))
  const debounce = debounceOf(run)
  debounce.touch()
  t.mock.timers.tick(100)
  for (let i = 0; i < 5; i++) {
    debounce.touch()
    t.mock.timers.tick(200)
  }
  await settle()
  assert.equal(run.mock.callCount(), 1, 'runs do not overlap')
  ends[0]?.()
  await settle()
  assert.equal(run.mock.callCount(), 2)
  ends[1]?.()
  await settle()
  t.mock.timers.tick(10_000)
  assert.equal(run.mock.callCount(), 2)
})

test('Nothing runs after close', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = debounceOf(run)
  debounce.touch()
  debounce.close()
  debounce.touch()
  t.mock.timers.tick(10_000)
  assert.equal(run.mock.callCount(), 0)
})
