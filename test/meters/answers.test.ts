import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Answers } from '#lib/meters/answers.js'
import { BOUNDS_S } from '#lib/meters/counts.js'
import { Durations } from '#lib/meters/durations.js'
import { Meter } from '#lib/meters/meter.js'
import { Rate } from '#lib/meters/rate.js'

test('A percentile is right within one in a hundred, from microseconds to hours', () => {
  for (const ms of [0.002, 0.7, 1, 19, 1000, 3_600_000]) {
    const durations = new Durations()
    for (let i = 0; i < 99; i++) durations.add(ms)
    durations.add(10 * ms)
    const p99 = durations.percentile(99) ?? 0
    const p100 = durations.percentile(100) ?? 0
    assert.ok(Math.abs(p99 / ms - 1) < 0.01, `${p99} for ${ms}`)
    assert.ok(Math.abs(p100 / (10 * ms) - 1) < 0.01, `${p100} for ${10 * ms}`)
  }
})

test('Durations have no percentile while there are none, and again when they were cleared', () => {
  const durations = new Durations()
  assert.equal(durations.percentile(50), undefined)
  durations.add(0)
  assert.ok(durations.percentile(50) !== undefined)
  durations.clear()
  assert.equal(durations.percentile(50), undefined)
})

test('Answers are counted by class, duration and error', () => {
  const answers = new Answers()
  answers.add(200, true, 1, 0)
  answers.add(204, true, 1.5, 0)
  answers.add(503, true, 20_000, 0)
  answers.add(200, false, 5, 0)
  assert.deepEqual(answers.classes, [0, 0, 3, 0, 0, 1])
  assert.equal(answers.count, 4)
  assert.equal(answers.errors, 2)
  assert.equal(answers.sumUs, 20_007_500)
  assert.deepEqual(answers.buckets.slice(0, 4), [1, 1, 1, 0])
  assert.equal(answers.buckets[BOUNDS_S.length], 1)
})

test('Recent answers are those of the last 5 to 10 seconds', t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const answers = new Answers()
  const recent = (): number => {
    const durations = new Durations()
    answers.addRecentTo(durations, now)
    return durations.count
  }
  const add = (at: number): void => {
    now = at
    answers.add(200, true, 1, at)
  }
  add(0)
  assert.equal(recent(), 1)
  add(5001)
  assert.equal(recent(), 2)
  add(10_003)
  assert.equal(recent(), 2)
  now = 30_000
  assert.equal(recent(), 0)
  assert.equal(answers.count, 3)
})

test('A meter keeps the figures of the latest generations, and of the others their sum', () => {
  const meter = new Meter()
  const backends = Array.from({ length: 25 }, (_, i) => ({ generation: i + 1 }))
  for (const backend of backends) {
    meter.answered(backend, 200, true, performance.now())
    // Some stay for long.
    if (backend.generation % 4 !== 0) meter.forget(backend)
  }
  meter.refused(503, performance.now())
  const { latest, older } = meter.byGeneration
  assert.deepEqual(
    [...latest].map(([generation, { count }]) => [generation, count]),
    backends.slice(-10).map(({ generation }) => [generation, 1])
  )
  assert.equal(older.count, 15)
  assert.deepEqual(meter.total.classes, [0, 0, 25, 0, 0, 1])
  assert.equal(meter.total.errors, 1)
  const { p50Ms, p99Ms } = meter.recent
  assert.ok(p50Ms !== null && p99Ms !== null && p50Ms <= p99Ms)
})

test('A late answer of a backend that is gone counts with its generation, or with the older ones', () => {
  const meter = new Meter()
  const backends = Array.from({ length: 12 }, (_, i) => ({ generation: i + 1 }))
  for (const backend of backends) {
    meter.answered(backend, 200, true, performance.now())
    meter.forget(backend)
    meter.answered(backend, 200, true, performance.now())
  }
  for (const backend of backends) meter.answered(backend, 200, true, performance.now())
  const { latest, older } = meter.byGeneration
  assert.deepEqual(
    [...latest.values()].map(({ count }) => count),
    Array(10).fill(3)
  )
  assert.equal(older.count, 6)
  assert.equal(meter.gone.count, 36)
  // Who looks must not bring it back.
  assert.equal(meter.of(backends[11] ?? { generation: 0 }).count, 3)
  assert.equal(meter.total.count, 36)
})

test('A rate is that of the last five whole seconds, and of fewer while there were no more', () => {
  const rate = new Rate(500)
  rate.add(600, 3)
  assert.equal(rate.perSecond(900), 3)
  assert.equal(rate.perSecond(1000), 3)
  for (let second = 1; second <= 8; second++) rate.add(second * 1000 + 1, 10)
  assert.equal(rate.perSecond(8500), 10)
  assert.equal(rate.perSecond(11_500), 6)
  assert.equal(rate.perSecond(60_000), 0)
  rate.add(60_100, 5)
  assert.equal(rate.perSecond(61_000), 1)
})
