import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { History, SAMPLES, type Sample } from '#lib/control/history.js'
import type { ControlStatus } from '#lib/control/steered.js'
import { within } from '../helpers/wait.js'

interface Figures {
  answered?: number
  errors?: number
  p99Ms?: number | null
  held?: number
  workers?: readonly object[]
}

function appWith({ answered = 0, errors = 0, p99Ms = null, held = 0, workers = [] }: Figures): ControlStatus {
  const traffic = { answered, errors, retries: 0, p50Ms: null, p99Ms }
  return { held, traffic, workers } as unknown as ControlStatus
}

function worker(pid: number, requests: number, figures: object = {}): object {
  return { pid, requests, inFlight: 1, upgrades: 1, memoryBytes: null, cpuPercent: null, ...figures }
}

/** The first sample of what has come to `after` from `before`. */
async function sampleOf(t: TestContext, before: object, after: object): Promise<Sample> {
  const states = [before, after] as ControlStatus[]
  const history = new History(() => (states.length > 1 ? states.shift() : states[0]) as ControlStatus, 20)
  t.after(() => history.close())
  return within(new Promise<Sample>(resolve => history.listen(resolve)), 'a sample')
}

test('a sample has what was answered and what failed, in a second', async t => {
  const sample = await sampleOf(
    t,
    appWith({ answered: 100, errors: 5 }),
    appWith({ answered: 160, errors: 8, p99Ms: 12.3456, held: 4 })
  )
  // Half a second is taken for the least, and on a busy machine it may be more.
  assert.ok(sample.requestsPerSecond > 0 && sample.requestsPerSecond <= 120)
  assert.ok(Math.abs(sample.errorsPerSecond / sample.requestsPerSecond - 3 / 60) < 0.01)
  assert.deepEqual([sample.p50Ms, sample.p99Ms, sample.held], [null, 12.35, 4])
})

test('a sample sums what the workers have; what none has told is not known', async t => {
  const known = await sampleOf(
    t,
    appWith({}),
    appWith({
      workers: [
        worker(1, 0, { memoryBytes: 5, cpuPercent: 40 }),
        worker(2, 0),
        worker(3, 0, { memoryBytes: 7 })
      ]
    })
  )
  assert.deepEqual([known.inFlight, known.memoryBytes, known.cpuPercent], [6, 12, 40])
  const unknown = await sampleOf(t, appWith({}), appWith({ workers: [worker(1, 0)] }))
  assert.deepEqual([unknown.memoryBytes, unknown.cpuPercent], [null, null])
})

test('where the master sees no answers, what workers were given counts, though some of them left', async t => {
  const { requestsPerSecond } = await sampleOf(
    t,
    appWith({ workers: [worker(1, 1000), worker(2, 10)] }),
    appWith({ workers: [worker(2, 30), worker(3, 5)] })
  )
  assert.ok(requestsPerSecond > 0 && requestsPerSecond <= 50)
})

test('of a proxy it has what its upstreams were given', async t => {
  const proxyWith = (requests: number): object => ({
    held: 2,
    upstreams: [{ name: 'a', requests, inFlight: 3, upgrades: 0 }]
  })
  const sample = await sampleOf(t, proxyWith(10), proxyWith(20))
  assert.ok(sample.requestsPerSecond > 0 && sample.requestsPerSecond <= 20)
  assert.deepEqual([sample.inFlight, sample.held, sample.p99Ms, sample.memoryBytes], [3, 2, null, null])
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
