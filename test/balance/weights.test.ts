import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { policyMaker } from '#lib/balance/create-policy.js'
import { LeastRequests } from '#lib/balance/least-requests.js'
import type { Policy } from '#lib/balance/policy.js'
import { RandomTwo } from '#lib/balance/random-two.js'
import { rendezvous } from '#lib/balance/rendezvous.js'
import { RoundRobin } from '#lib/balance/round-robin.js'
import { Sticky } from '#lib/balance/sticky.js'
import { WeightedRoundRobin } from '#lib/balance/weighted-round-robin.js'
import type { FakeWorker } from '../helpers/fake-workers.js'
import { fakes, visit, weighted } from '../helpers/fake-workers.js'

function filled<P extends Policy<FakeWorker>>(policy: P, workers: readonly FakeWorker[]): P {
  for (const worker of workers) policy.add(worker)
  return policy
}

function take(policy: Policy<FakeWorker>, count: number, avoid?: FakeWorker): string {
  return Array.from({ length: count }, () => policy.select(avoid)?.name ?? '-').join('')
}

/** How often each name is in what was taken. */
function counts(taken: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const name of taken) found[name] = (found[name] ?? 0) + 1
  return found
}

test('weighted round-robin: turns are as many as the weights say, and spread out', () => {
  assert.equal(take(filled(new WeightedRoundRobin(), weighted(5, 1, 1)), 14), 'aabacaaaabacaa')
  assert.equal(take(filled(new WeightedRoundRobin(), weighted(2, 1)), 6), 'abaaba')
  assert.equal(take(filled(new WeightedRoundRobin(), weighted(1, 2, 3)), 6), 'cbacbc')
})

const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 6 })

test('weighted round-robin: as many turns as there are weights are parted exactly', () => {
  fc.assert(
    fc.property(weights, list => {
      const policy = filled(new WeightedRoundRobin<FakeWorker>(), weighted(...list))
      const total = list.reduce((sum, weight) => sum + weight)
      const taken = counts(take(policy, total))
      assert.deepEqual(
        list.map((_, i) => taken[String.fromCharCode(97 + i)] ?? 0),
        list
      )
    })
  )
})

test('weighted round-robin: what a light one was owed beside a heavy one is no burst when that leaves', () => {
  const workers = weighted(1000, 1, 1)
  const [heavy] = workers
  for (let turns = 0; turns < 1002; turns += 7) {
    const policy = filled(new WeightedRoundRobin<FakeWorker>(), workers)
    take(policy, turns)
    if (heavy !== undefined) policy.remove(heavy)
    assert.match(take(policy, 8), /^(bc){4}$|^(cb){4}$/)
  }
})

test('weighted round-robin: whoever comes and goes, nobody gets a burst and nobody starves', () => {
  const change = fc.record({
    does: fc.constantFrom('add', 'remove', 'avoid'),
    who: fc.nat(5),
    turns: fc.nat(60)
  })
  const six = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 6, maxLength: 6 })
  fc.assert(
    fc.property(six, fc.array(change, { maxLength: 20 }), (list, changes) => {
      const workers = weighted(...list)
      const policy = new WeightedRoundRobin<FakeWorker>()
      const present = new Set<FakeWorker>()
      for (const { does, who, turns } of changes) {
        const worker = workers[who]
        if (worker === undefined) continue
        if (does === 'add') present.add(worker)
        if (does === 'remove') present.delete(worker)
        if (does === 'avoid') take(policy, turns, worker)
        else policy[does](worker)
        if (present.size === 0) continue
        const total = [...present].reduce((sum, { weight }) => sum + weight, 0)
        const taken = counts(take(policy, turns))
        // Behind whatever change, and for however many turns: nobody has two more or less than is due.
        for (const { name, weight } of present) {
          const due = (turns * weight) / total
          assert.ok(Math.abs((taken[name] ?? 0) - due) < 2, `${name} had ${taken[name]} of ${due}`)
        }
      }
    }),
    { numRuns: 1000 }
  )
})

test('weighted round-robin: to leave and come back again and again gains nobody a turn', () => {
  const [a, b] = weighted(1, 1) as [FakeWorker, FakeWorker]
  const policy = filled(new WeightedRoundRobin<FakeWorker>(), [a, b])
  let taken = ''
  for (let i = 0; i < 100; i++) {
    policy.remove(b)
    policy.add(b)
    taken += take(policy, 1)
  }
  assert.equal(taken, 'a'.repeat(100))
  assert.equal(take(policy, 4), 'baba')
})

test('weighted round-robin: one that is avoided for long has one turn afterwards, not all that it missed', () => {
  const [a, b, c] = weighted(1, 1, 1) as [FakeWorker, FakeWorker, FakeWorker]
  const policy = filled(new WeightedRoundRobin<FakeWorker>(), [a, b, c])
  assert.equal(take(policy, 30, a), 'bc'.repeat(15))
  assert.equal(take(policy, 6), 'abcabc')
  const heavy = weighted(5, 1, 1)
  const [first] = heavy
  const other = filled(new WeightedRoundRobin<FakeWorker>(), heavy)
  assert.equal(take(other, 30, first), 'bc'.repeat(15))
  assert.deepEqual(counts(take(other, 7)), { a: 5, b: 1, c: 1 })
})

test('least-requests: what is in flight is parted by weight', () => {
  const workers = weighted(3, 2, 1)
  const policy = filled(new LeastRequests<FakeWorker>(), workers)
  for (let i = 0; i < 60; i++) {
    const chosen = policy.select()
    if (chosen !== undefined) chosen[i % 2 === 0 ? 'inFlight' : 'upgrades']++
  }
  assert.deepEqual(
    workers.map(({ inFlight, upgrades }) => inFlight + upgrades),
    [30, 20, 10]
  )
})

test('least-requests: the least load for its weight, with the next request counted; ties go round', () => {
  const [a, b, c] = weighted(2, 1, 2) as [FakeWorker, FakeWorker, FakeWorker]
  const policy = filled(new LeastRequests<FakeWorker>(), [a, b, c])
  assert.equal(take(policy, 4), 'acac')
  a.inFlight = 1
  c.inFlight = 1
  assert.equal(take(policy, 6), 'abcabc')
  a.inFlight = 2
  assert.equal(take(policy, 4), 'bcbc')
  policy.remove(c)
  policy.remove(a)
  assert.equal(take(policy, 2), 'bb')
})

test('least-requests: nobody has more for its weight than it must', () => {
  const step = fc.record({ ends: fc.boolean(), who: fc.nat(5) })
  fc.assert(
    fc.property(weights, fc.array(step, { maxLength: 100 }), (list, steps) => {
      const workers = weighted(...list)
      const policy = filled(new LeastRequests<FakeWorker>(), workers)
      for (const { ends, who } of steps) {
        const worker = workers[who]
        if (ends && worker !== undefined && worker.inFlight > 0) worker.inFlight--
        const least = Math.min(...workers.map(({ inFlight, weight }) => (inFlight + 1) / weight))
        const chosen = policy.select()
        assert.ok(chosen !== undefined && (chosen.inFlight + 1) / chosen.weight === least)
        chosen.inFlight++
      }
    })
  )
})

test('random-two: of the two, the one with less load for its weight', () => {
  const workers = weighted(3, 1) as [FakeWorker, FakeWorker]
  const [heavy, light] = workers
  const policy = filled(new RandomTwo<FakeWorker>(), workers)
  for (let i = 0; i < 40; i++) {
    const chosen = policy.select()
    if (chosen !== undefined) chosen.inFlight++
  }
  assert.deepEqual([heavy.inFlight, light.inFlight], [30, 10])
})

/** Where 1,000 clients go; the same ones in each run. */
function homesOf(workers: readonly FakeWorker[]): Record<string, number> {
  const policy = filled(new Sticky<FakeWorker>(({ req }) => req.url, 0), workers)
  const names = Array.from({ length: 1000 }, (_, i) => {
    const one = visit({ url: `client ${i * 7919}` })
    const { name = '-' } = policy.select(undefined, one) ?? {}
    policy.end(one)
    return name
  })
  return counts(names.join(''))
}

test('sticky: of 1,000 clients each candidate has its share by weight', () => {
  for (const list of [
    [3, 1],
    [5, 3, 2],
    [19, 1],
    [1, 1, 1, 1]
  ]) {
    const workers = weighted(...list)
    const total = list.reduce((sum, weight) => sum + weight)
    const homes = homesOf(workers)
    for (const { name, weight } of workers) {
      const share = weight / total
      const deviation = Math.sqrt(1000 * share * (1 - share))
      assert.ok(Math.abs((homes[name] ?? 0) - 1000 * share) < 4 * deviation, JSON.stringify(homes))
    }
  }
})

const keys = Array.from({ length: 2000 }, (_, i) => `client ${i}`)

test('sticky: with equal weights a client is where it was before there were weights', () => {
  /** As it was: the greatest hash. */
  const before = (key: string, workers: readonly FakeWorker[]): FakeWorker | undefined => {
    let hash = 0x811c9dc5
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    const scores = workers.map(({ slot }) => mix(hash ^ mix(slot + 1)))
    return workers[scores.indexOf(Math.max(...scores))]
  }
  for (const weight of [1, 7]) {
    const workers = weighted(...Array.from({ length: 16 }, () => weight))
    for (const key of keys) assert.equal(rendezvous(key, workers), before(key, workers))
  }
})

test('sticky: a weight that grows draws clients to its own candidate, and moves no others', () => {
  const before = weighted(2, 2, 2)
  const after = weighted(2, 4, 2)
  let moved = 0
  for (const key of keys) {
    const now = rendezvous(key, after)?.name
    if (now === rendezvous(key, before)?.name) continue
    assert.equal(now, 'b')
    moved++
  }
  // From a third to a half: 333 of 2,000, with a standard deviation of 17.
  assert.ok(moved > 250 && moved < 420, `${moved}`)
})

test('sticky and functions: requests that nobody knows go round by weight', () => {
  for (const balance of [{ policy: 'custom', choose: () => assert.fail() } as const, createSticky()]) {
    const policy = filled(policyMaker<FakeWorker>(balance, () => false, false)(), weighted(5, 1, 1))
    assert.equal(take(policy, 7), 'aabacaa')
  }
})

test('round-robin goes round by weight only where it is told that there are weights', () => {
  const balance = { policy: 'round-robin' } as const
  const plain = policyMaker<FakeWorker>(balance, () => false, false)()
  assert.ok(plain instanceof RoundRobin)
  assert.equal(take(filled(plain, fakes(3)), 4), 'abca')
  const byWeight = policyMaker<FakeWorker>(balance, () => false, true)()
  assert.equal(take(filled(byWeight, weighted(5, 1, 1)), 7), 'aabacaa')
})

function createSticky(): Parameters<typeof policyMaker>[0] {
  return { policy: 'sticky', by: () => undefined, cookie: 'c', secret: undefined, lingerMs: 0 }
}

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
