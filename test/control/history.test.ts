import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { History, SAMPLES, type Sample } from '#lib/control/history.js'
import type { ControlStatus } from '#lib/control/steered.js'
import { within } from '../helpers/wait.js'

interface Figures {
  traffic?: object
  held?: number
  workers?: readonly object[]
}

function appWith({ traffic = {}, held = 0, workers = [] }: Figures): ControlStatus {
  const none = {
    answered: 0,
    errors: 0,
    retries: 0,
    p50Ms: null,
    p99Ms: null,
    requestsPerSecond: 0,
    inFlight: 0
  }
  return { held, traffic: { ...none, ...traffic }, workers } as unknown as ControlStatus
}

function worker(figures: object = {}): object {
  return { memoryBytes: null, cpuPercent: null, ...figures }
}

/** The first sample of what has come to `after` from `before`. */
async function sampleOf(t: TestContext, before: object, after: object): Promise<Sample> {
  const states = [before, after] as ControlStatus[]
  const history = new History(() => (states.length > 1 ? states.shift() : states[0]) as ControlStatus, 20)
  t.after(() => history.close())
  return within(new Promise<Sample>(resolve => history.listen(resolve)), 'a sample')
}

test('a sample has what was answered, and what failed in a second', async t => {
  const sample = await sampleOf(
    t,
    appWith({ traffic: { errors: 5 } }),
    appWith({ traffic: { errors: 8, p99Ms: 12.3456, requestsPerSecond: 7.001, inFlight: 3 }, held: 4 })
  )
  // Half a second is taken for the least, and on a busy machine it may be more.
  assert.ok(sample.errorsPerSecond > 0 && sample.errorsPerSecond <= 6)
  const { requestsPerSecond, inFlight, p50Ms, p99Ms, held } = sample
  assert.deepEqual([requestsPerSecond, inFlight, p50Ms, p99Ms, held], [7, 3, null, 12.35, 4])
})

test('a sample sums what the workers have; what none has told is not known', async t => {
  const workers = [worker({ memoryBytes: 5, cpuPercent: 40 }), worker(), worker({ memoryBytes: 7 })]
  const known = await sampleOf(t, appWith({}), appWith({ workers }))
  assert.deepEqual([known.memoryBytes, known.cpuPercent], [12, 40])
  const unknown = await sampleOf(t, appWith({}), appWith({ workers: [worker()] }))
  assert.deepEqual([unknown.memoryBytes, unknown.cpuPercent], [null, null])
})

test('when the clock is set back, samples take the place of those from then on', t => {
  let now = 0
  t.mock.timers.enable({ apis: ['setInterval'] })
  t.mock.method(Date, 'now', () => now)
  const history = new History(() => appWith({}))
  t.after(() => history.close())
  for (now of [1000, 2000, 3000, 1500, 2500]) t.mock.timers.tick(1000)
  const { at, held } = history.columns()
  assert.deepEqual([at, held.length], [[1000, 1500, 2500], 3])
})

test('it keeps the samples of 15 minutes, and no more', async t => {
  const history = new History(() => appWith({}), 1)
  t.after(() => history.close())
  const taken: Sample[] = []
  await within(
    new Promise<void>(resolve => history.listen(sample => taken.push(sample) === SAMPLES + 5 && resolve())),
    'all samples',
    60_000
  )
  const { at, ...others } = history.columns()
  assert.deepEqual(
    at,
    taken.slice(-SAMPLES).map(sample => sample.at)
  )
  for (const [name, column] of Object.entries(others)) assert.equal(column.length, SAMPLES, name)
})
