import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Debounce } from '#lib/watch/debounce.js'

/** Lets the microtasks of a run that ended go on. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

test('A burst of touches gives one run, once it is quiet', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = new Debounce(100, 3000, run)
  for (let i = 0; i < 20; i++) {
    debounce.touch()
    t.mock.timers.tick(50)
  }
  assert.equal(run.mock.callCount(), 0)
  t.mock.timers.tick(50)
  assert.equal(run.mock.callCount(), 1)
  t.mock.timers.tick(10_000)
  assert.equal(run.mock.callCount(), 1)
})

test('Touches that never cease still give a run at the latest after the longest wait', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = mock.fn()
  const debounce = new Debounce(100, 3000, run)
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
  const debounce = new Debounce(100, 200, run)
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
  const debounce = new Debounce(100, 3000, run)
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
  const debounce = new Debounce(100, 3000, run)
  debounce.touch()
  debounce.close()
  debounce.touch()
  t.mock.timers.tick(10_000)
  assert.equal(run.mock.callCount(), 0)
})
