import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Heartbeat } from '#lib/worker/heartbeat.js'

interface Watched {
  readonly heartbeat: Heartbeat
  readonly pings: number[]
  silences: number
}

/** A heartbeat every 100 ms, with 30 ms to answer, on a clock that the test moves. */
function watch(t: TestContext): Watched {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const pings: number[] = []
  const watched: Watched = {
    pings,
    silences: 0,
    heartbeat: new Heartbeat(
      30,
      id => pings.push(id),
      () => watched.silences++
    )
  }
  watched.heartbeat.start(100)
  t.after(() => watched.heartbeat.stop())
  return watched
}

test('It pings at each interval while it is answered', t => {
  const watched = watch(t)
  for (let i = 1; i <= 3; i++) {
    t.mock.timers.tick(100)
    watched.heartbeat.answer(i)
  }
  t.mock.timers.tick(99)
  assert.deepEqual(watched.pings, [1, 2, 3])
  assert.equal(watched.silences, 0)
})

test('An answer that stays away is told once its time is over', t => {
  const watched = watch(t)
  t.mock.timers.tick(100)
  t.mock.timers.tick(29)
  assert.equal(watched.silences, 0)
  t.mock.timers.tick(1)
  assert.equal(watched.silences, 1)
})

test('An answer to an earlier ping does not count', t => {
  const watched = watch(t)
  t.mock.timers.tick(100)
  watched.heartbeat.answer(1)
  t.mock.timers.tick(100)
  watched.heartbeat.answer(1)
  t.mock.timers.tick(30)
  assert.equal(watched.silences, 1)
})

test('With a time to answer that is longer than the interval there is one ping at a time', t => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const pings: number[] = []
  let silences = 0
  const heartbeat = new Heartbeat(
    95,
    id => pings.push(id),
    () => silences++
  )
  heartbeat.start(10)
  t.after(() => heartbeat.stop())
  for (let i = 0; i < 10; i++) t.mock.timers.tick(10)
  assert.deepEqual([pings, silences], [[1], 0])
  t.mock.timers.tick(5)
  assert.equal(silences, 1)
})

test('Once stopped it is silent', t => {
  const watched = watch(t)
  t.mock.timers.tick(100)
  watched.heartbeat.stop()
  t.mock.timers.tick(1000)
  assert.deepEqual([watched.pings, watched.silences], [[1], 0])
})

test('Whatever else comes while an answer is owed gives it its whole time anew, and asks for nothing', t => {
  const watched = watch(t)
  watched.heartbeat.heard()
  t.mock.timers.tick(100)
  t.mock.timers.tick(29)
  watched.heartbeat.heard()
  t.mock.timers.tick(29)
  assert.equal(watched.silences, 0)
  t.mock.timers.tick(1)
  assert.equal(watched.silences, 1)
  assert.deepEqual(watched.pings, [1])
})
