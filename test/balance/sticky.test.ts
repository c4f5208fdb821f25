import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { Visit } from '#lib/balance/policy.js'
import { rendezvous } from '#lib/balance/rendezvous.js'
import { Sticky } from '#lib/balance/sticky.js'
import { FakeWorker, fakes, visit } from '../helpers/fake-workers.js'

const byUrl = ({ req }: Visit): string | undefined => req.url

/** Where a client's request goes, which is over at once. */
function ask(policy: Sticky<FakeWorker>, key: string, avoid?: FakeWorker): FakeWorker | undefined {
  const one = visit({ url: key })
  const chosen = policy.select(avoid, one)
  policy.end(one)
  return chosen
}

function sticky(workers: readonly FakeWorker[], lingerMs = 0, maxBound?: number): Sticky<FakeWorker> {
  const policy = new Sticky<FakeWorker>(byUrl, lingerMs, maxBound)
  for (const worker of workers) policy.add(worker)
  return policy
}

const keys = Array.from({ length: 400 }, (_, i) => `client ${i}`)

function placesOf(policy: Sticky<FakeWorker>): Map<string, FakeWorker | undefined> {
  return new Map(keys.map(key => [key, ask(policy, key)]))
}

/** A clock that stands still. */
function stoppedClock(t: TestContext): { pass: (ms: number) => void } {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  return { pass: ms => (now += ms) }
}

test('rendezvous: every candidate gets its share', () => {
  const workers = fakes(4)
  const counts = new Map<string, number>()
  for (let i = 0; i < 4000; i++) {
    const { name = '-' } = rendezvous(`10.0.${i >> 8}.${i & 255}`, workers) ?? {}
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  // The standard deviation is 27.
  for (const { name } of workers)
    assert.ok(Math.abs((counts.get(name) ?? 0) - 1000) < 160, `${counts.get(name)}`)
})

test('rendezvous: who leaves moves its own keys only, and they spread over all others', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(11), fc.array(fc.string()), (count, gone, some) => {
      const workers = fakes(count)
      const left = workers.filter((_, i) => i !== gone % count)
      for (const key of some) {
        const before = rendezvous(key, workers)
        const after = rendezvous(key, left)
        if (before !== undefined && left.includes(before)) assert.equal(after, before)
        else assert.ok(after !== undefined)
      }
    })
  )
  const workers = fakes(4)
  const heirs = keys
    .filter(key => rendezvous(key, workers)?.slot === 0)
    .map(key => rendezvous(key, workers.slice(1)))
  assert.equal(new Set(heirs).size, 3)
})

test('rendezvous: the order of the candidates does not matter, and of two in a slot the later one has it', () => {
  const old = fakes(4)
  const successor = new FakeWorker('e', 2, 2)
  for (const key of keys) {
    assert.equal(rendezvous(key, [...old].reverse()), rendezvous(key, old))
    const now = rendezvous(key, [...old, successor])
    assert.equal(now?.slot, rendezvous(key, old)?.slot)
    if (now?.slot === 2) assert.equal(now, successor)
  }
})

test('a client stays where it is, whoever joins; when its worker is gone it moves once and then stays', () => {
  const worker = fc.nat(7)
  const action = fc.oneof(
    fc.record({ does: fc.constant('ask' as const), key: fc.nat(20) }),
    fc.record({ does: fc.constantFrom('add' as const, 'remove' as const, 'retire' as const), worker })
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150 }), actions => {
      const workers = fakes(8)
      const policy = sticky([])
      const present = new Set<FakeWorker>()
      const place = new Map<number, FakeWorker>()
      for (const each of actions) {
        if (each.does === 'ask') {
          const chosen = ask(policy, String(each.key))
          const before = place.get(each.key)
          if (before !== undefined && present.has(before)) assert.equal(chosen, before)
          else if (chosen === undefined) assert.equal(present.size, 0)
          else assert.ok(present.has(chosen))
          if (chosen !== undefined) place.set(each.key, chosen)
          continue
        }
        const subject = workers[each.worker]
        if (subject === undefined) continue
        if (each.does === 'add') {
          policy.add(subject)
          present.add(subject)
        } else {
          if (each.does !== 'retire' || !policy.retire(subject)) policy.remove(subject)
          present.delete(subject)
        }
      }
    }),
    { numRuns: 500 }
  )
})

test("a reload by 'first': whoever comes while one new worker is alone stays there; the next reload evens out", () => {
  const first = fakes(4)
  const policy = sticky(first)
  placesOf(policy)
  const second = fakes(4, 2)
  const [alone, ...others] = second
  policy.add(alone)
  for (const worker of first) policy.remove(worker)
  const early = keys.slice(0, 100)
  for (const key of early) assert.equal(ask(policy, key), alone)
  for (const worker of others) policy.add(worker)
  for (const key of early) assert.equal(ask(policy, key), alone)
  const third = fakes(4, 3)
  for (const worker of third) policy.add(worker)
  for (const worker of second) policy.remove(worker)
  for (const key of keys) assert.equal(ask(policy, key)?.slot, rendezvous(key, third)?.slot)
  assert.equal(new Set(early.map(key => ask(policy, key))).size, 4)
})

test("a reload by 'rolling' moves each client once", () => {
  const old = fakes(4)
  const policy = sticky(old)
  const before = placesOf(policy)
  const moves = new Map<string, number>()
  const look = (): void => {
    for (const [key, now] of placesOf(policy)) {
      if (now !== before.get(key)) moves.set(key, (moves.get(key) ?? 0) + 1)
      before.set(key, now)
    }
  }
  for (const worker of old) {
    policy.add(new FakeWorker(`${worker.name}2`, worker.slot, 2))
    look()
    policy.remove(worker)
    look()
  }
  assert.deepEqual(new Set(moves.values()), new Set([1]))
  assert.equal(moves.size, keys.length)
})

test('masters that have the same slots agree without knowing of each other', () => {
  const here = sticky(fakes(4))
  const there = sticky([...fakes(4, 7)].reverse())
  for (const key of keys) assert.equal(ask(here, key)?.slot, ask(there, key)?.slot)
})

test('requests without a key go round', () => {
  const policy = new Sticky<FakeWorker>(() => undefined, 0)
  for (const worker of fakes(3)) policy.add(worker)
  const names = Array.from({ length: 6 }, () => policy.select(undefined, visit())?.name)
  assert.deepEqual(names, ['a', 'b', 'c', 'a', 'b', 'c'])
})

test('a failure moves the request, not the client; the worker that gets it is where the client goes later', () => {
  const policy = sticky(fakes(4))
  for (const key of keys) {
    const home = ask(policy, key)
    const other = ask(policy, key, home)
    assert.notEqual(other, home)
    assert.equal(ask(policy, key), home)
    if (home === undefined) continue
    policy.remove(home)
    assert.equal(ask(policy, key), other)
    policy.add(home)
  }
})

test('a client with a request open at a retired worker stays there; the others move', t => {
  const clock = stoppedClock(t)
  const [a, b] = fakes(2)
  const policy = sticky([a], 100)
  const open = visit({ url: 'busy' })
  assert.equal(policy.select(undefined, open), a)
  assert.equal(ask(policy, 'quiet'), a)
  clock.pass(101)
  policy.add(b)
  assert.equal(policy.retire(a), true)
  clock.pass(10_000)
  assert.equal(ask(policy, 'busy'), a)
  assert.equal(ask(policy, 'quiet'), b)
  assert.equal(ask(policy, 'new'), b)
  policy.end(open)
  clock.pass(100)
  assert.equal(ask(policy, 'busy'), a)
  clock.pass(101)
  assert.equal(ask(policy, 'busy'), b)
})

test('a client does not stay at a retired worker that was told to end, or is gone', t => {
  stoppedClock(t)
  const [a, b] = fakes(2)
  const policy = sticky([a, b], 1000)
  const placed = placesOf(policy)
  policy.retire(a)
  for (const key of keys) assert.equal(ask(policy, key), placed.get(key))
  policy.remove(a)
  for (const key of keys) assert.equal(ask(policy, key), b)
})

test('an open upgrade does not keep the requests of its client at a retired worker', t => {
  const clock = stoppedClock(t)
  const [a, b] = fakes(2)
  const policy = sticky([a], 100)
  assert.equal(policy.select(undefined, { ...visit({ url: 'chat' }), upgrade: true }), a)
  policy.add(b)
  policy.retire(a)
  clock.pass(200)
  assert.equal(ask(policy, 'chat'), b)
})

test('a failed request of a client that is bound to a retired worker goes to one that is not', t => {
  stoppedClock(t)
  const [a, b] = fakes(2)
  const policy = sticky([a], 100)
  assert.equal(ask(policy, 'x'), a)
  policy.retire(a)
  assert.equal(ask(policy, 'x', a), a)
  policy.add(b)
  assert.equal(ask(policy, 'x', a), b)
})

test('a million clients take no more room than those that are remembered', () => {
  const policy = sticky(fakes(2), 0, 1000)
  const [extra] = [new FakeWorker('c', 2)]
  const home = ask(policy, 'faithful')
  policy.add(extra)
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 1_000_000; i++) {
    ask(policy, `client ${i}`)
    // One that comes again and again is not forgotten.
    if (i % 100 === 0) assert.equal(ask(policy, 'faithful'), home)
  }
  global.gc?.()
  assert.ok(process.memoryUsage().heapUsed - before < 50_000_000)
})

test('sticky: a retired candidate that comes back has its clients again, and new ones', () => {
  const [a, b] = fakes(2)
  const policy = sticky([a, b], 60_000)
  const before = placesOf(policy)
  assert.equal(policy.retire(a), true)
  policy.add(a)
  policy.add(a)
  assert.equal(policy.size, 2)
  assert.deepEqual(placesOf(policy), before)
  policy.remove(b)
  assert.equal(ask(policy, 'somebody new'), a)
})
