import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Custom } from '#lib/balance/custom.js'
import { LeastRequests } from '#lib/balance/least-requests.js'
import type { Policy } from '#lib/balance/policy.js'
import { RandomTwo } from '#lib/balance/random-two.js'
import { RoundRobin } from '#lib/balance/round-robin.js'
import { WeightedRoundRobin } from '#lib/balance/weighted-round-robin.js'
import { FakeWorker, fakes, visit } from '../helpers/fake-workers.js'

const policies: Record<string, () => Policy<FakeWorker>> = {
  'round-robin': () => new RoundRobin(),
  'weighted round-robin': () => new WeightedRoundRobin(),
  'least-requests': () => new LeastRequests(),
  'random-two': () => new RandomTwo(),
  'a function': () => new Custom(candidates => candidates[0] as FakeWorker)
}

function take(policy: Policy<FakeWorker>, count: number): string {
  return Array.from({ length: count }, () => policy.select()?.name ?? '-').join('')
}

for (const [name, create] of Object.entries(policies)) {
  test(`${name}: without candidates there is no choice`, () => {
    const policy = create()
    const [a] = fakes(1)
    assert.equal(policy.select(), undefined)
    assert.equal(policy.select(a, visit()), undefined)
    policy.add(a)
    policy.remove(a)
    assert.equal(policy.select(undefined, visit()), undefined)
    assert.equal(policy.size, 0)
  })

  test(`${name}: the one that is avoided is chosen only where there is no other`, () => {
    const policy = create()
    const workers = fakes(3)
    const [a] = workers
    policy.add(a)
    for (let i = 0; i < 20; i++) assert.equal(policy.select(a, visit()), a)
    for (const worker of workers) policy.add(worker)
    for (let i = 0; i < 50; i++) assert.notEqual(policy.select(a, visit()), a)
  })

  test(`${name}: it chooses among those that are there, whoever comes and goes`, () => {
    const action = fc.record({ does: fc.constantFrom('add', 'remove', 'select', 'avoid'), who: fc.nat(4) })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), actions => {
        const policy = create()
        const workers = fakes(5)
        const present = new Set<FakeWorker>()
        for (const { does, who } of actions) {
          const worker = workers[who]
          if (worker === undefined) continue
          if (does === 'add') {
            policy.add(worker)
            present.add(worker)
          } else if (does === 'remove') {
            policy.remove(worker)
            present.delete(worker)
          } else {
            const avoid = does === 'avoid' ? worker : undefined
            const chosen = policy.select(avoid, visit())
            if (chosen === undefined) assert.equal(present.size, 0)
            else assert.ok(present.has(chosen))
            if (avoid !== undefined && chosen === avoid) assert.deepEqual([...present], [avoid])
            if (chosen !== undefined) chosen.inFlight += who
          }
          assert.equal(policy.size, present.size)
        }
      })
    )
  })
}

for (const [name, create] of Object.entries(policies).filter(([key]) => key.endsWith('round-robin'))) {
  test(`${name}: each in turn`, () => {
    const policy = create()
    for (const worker of fakes(3)) policy.add(worker)
    assert.equal(take(policy, 7), 'abcabca')
  })

  test(`${name}: nobody is skipped and nobody has two turns when others come and go`, () => {
    // A plain queue says what is right: the first is served, and goes to its end.
    const action = fc.record({
      does: fc.constantFrom('add', 'remove', 'select', 'select', 'avoid'),
      who: fc.nat(4)
    })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), actions => {
        const policy = create()
        const workers = fakes(5)
        let queue: FakeWorker[] = []
        for (const { does, who } of actions) {
          const worker = workers[who]
          if (worker === undefined) continue
          if (does === 'add') {
            policy.add(worker)
            if (!queue.includes(worker)) queue.push(worker)
          } else if (does === 'remove') {
            policy.remove(worker)
            queue = queue.filter(each => each !== worker)
          } else {
            const avoid = does === 'avoid' ? worker : undefined
            const right = queue.find(each => each !== avoid) ?? queue[0]
            assert.equal(policy.select(avoid), right)
            if (right !== undefined) queue = [...queue.filter(each => each !== right), right]
          }
        }
      }),
      { numRuns: 1000 }
    )
  })
}

test('least-requests: requests and upgrades count alike, and ties go round', () => {
  const policy = new LeastRequests<FakeWorker>()
  const [a, b, c] = fakes(3)
  for (const worker of [a, b, c]) policy.add(worker)
  assert.equal(take(policy, 6), 'abcabc')
  a.inFlight = 1
  b.upgrades = 1
  assert.equal(take(policy, 3), 'ccc')
  c.inFlight = 1
  assert.equal(take(policy, 6), 'abcabc')
  c.upgrades = 1
  assert.equal(take(policy, 4), 'abab')
})

test('least-requests: loads never differ by more than one where all requests take equally long', () => {
  const policy = new LeastRequests<FakeWorker>()
  const workers = fakes(4)
  for (const worker of workers) policy.add(worker)
  for (let i = 0; i < 101; i++) {
    const chosen = policy.select()
    if (chosen !== undefined) chosen.inFlight++
    const loads = workers.map(({ inFlight }) => inFlight)
    assert.ok(Math.max(...loads) - Math.min(...loads) <= 1)
  }
})

test('random-two: the busiest of all is never chosen, and each of the others is', () => {
  const policy = new RandomTwo<FakeWorker>()
  const workers = fakes(4)
  for (const worker of workers) policy.add(worker)
  const [a] = workers
  a.inFlight = 9
  const chosen = new Set(Array.from({ length: 500 }, () => policy.select()?.name))
  assert.deepEqual([...chosen].sort(), ['b', 'c', 'd'])
})

test('random-two: the two are drawn evenly, and differ', () => {
  const draws = [0, 0.34, 0.67, 0.999]
  const seen = new Map<string, number>()
  for (const first of draws) {
    for (const second of draws) {
      const pair = [first, second]
      const policy = new RandomTwo<FakeWorker>(() => pair.shift() ?? 0)
      const [a, b, c] = fakes(3)
      for (const worker of [a, b, c]) policy.add(worker)
      // Whoever is drawn first is the busier of the two, so the other is chosen: if it differs.
      const drawn = [a, b, c][Math.floor(first * 3)]
      if (drawn !== undefined) drawn.inFlight = 5
      const chosen = policy.select()
      assert.notEqual(chosen, drawn)
      seen.set(chosen?.name ?? '-', (seen.get(chosen?.name ?? '-') ?? 0) + 1)
    }
  }
  assert.deepEqual([...seen.keys()].sort(), ['a', 'b', 'c'])
})

test('a function sees a frozen list of all that it can choose, and the request', () => {
  const seen: unknown[] = []
  const policy = new Custom<FakeWorker>((candidates, req) => {
    seen.push(Object.isFrozen(candidates), candidates.length, req.url)
    return candidates[1] ?? (candidates[0] as FakeWorker)
  })
  const [a, b] = fakes(2)
  policy.add(a)
  policy.add(b)
  assert.equal(policy.select(undefined, visit({ url: '/x' })), b)
  assert.equal(policy.select(b, visit({ url: '/y' })), a)
  assert.deepEqual(seen, [true, 2, '/x', false, 1, '/y'])
})

const wrong: [what: string, fn: () => unknown][] = [
  ['throws', () => { throw new Error('oops') }], // prettier-ignore
  ['throws something odd', () => { throw null }], // prettier-ignore
  ['returns nothing', () => undefined],
  ['returns a promise', () => Promise.resolve()],
  ['returns a worker that is not there', () => new FakeWorker('z', 25)]
]
for (const [what, fn] of wrong) {
  test(`a function that ${what} fails the request with UP_ERR_BALANCE`, () => {
    const policy = new Custom<FakeWorker>(fn as () => FakeWorker)
    const [a] = fakes(1)
    policy.add(a)
    assert.throws(() => policy.select(undefined, visit()), { code: 'UP_ERR_BALANCE' })
    // Without a request it is not asked.
    assert.equal(policy.select(), a)
  })
}
