import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CanarySplit } from '#lib/balance/canary-split.js'
import type { Policy, Visit } from '#lib/balance/policy.js'
import { RoundRobin } from '#lib/balance/round-robin.js'
import { StickyCookie } from '#lib/balance/sticky-cookie.js'
import { Sticky } from '#lib/balance/sticky.js'
import { FakeWorker, fakes, visit } from '../helpers/fake-workers.js'

const cookie = new StickyCookie('up-canary', 'secret', () => false)

function split(
  makePolicy: () => Policy<FakeWorker> = () => new RoundRobin<FakeWorker>()
): CanarySplit<FakeWorker> {
  const policy = new CanarySplit(makePolicy, cookie)
  for (const worker of fakes(2)) policy.add(worker)
  return policy
}

const news = [new FakeWorker('x', 0, 2), new FakeWorker('y', 1, 2)]

function begun(share: number, makePolicy?: () => Policy<FakeWorker>): CanarySplit<FakeWorker> {
  const policy = split(makePolicy)
  policy.begin(2, share)
  for (const worker of news) policy.add(worker)
  return policy
}

/** A request of a client that comes again with the cookie that it got. */
function returning({ setCookies }: Visit): Visit {
  const headers = { cookie: setCookies?.map(line => line.split(';')[0]).join('; ') ?? '' }
  return visit({ headers })
}

test('Without a canary it is the one policy, and no cookie is set', () => {
  const policy = split()
  assert.equal(policy.needsRequest, false)
  assert.equal(policy.size, 2)
  const one = visit()
  assert.deepEqual(
    [policy.select(undefined, one), policy.select(undefined, one), policy.select()].map(each => each?.name),
    ['a', 'b', 'a']
  )
  assert.equal(one.setCookies, undefined)
})

for (const share of [0.01, 0.05, 0.3, 0.9])
  test(`Of 10,000 clients the canary gets about ${share}, each for all its requests`, () => {
    const policy = begun(share)
    assert.equal(policy.needsRequest, true)
    let tried = 0
    for (let i = 0; i < 10_000; i++) {
      const first = visit()
      const generation = policy.select(undefined, first)?.generation
      assert.equal(first.generation, generation)
      assert.equal(first.setCookies?.length, 1)
      const again = returning(first)
      assert.equal(policy.select(undefined, again)?.generation, generation)
      assert.equal(again.setCookies, undefined)
      if (generation === 2) tried++
    }
    // Six times the deviation that chance makes.
    const deviation = Math.sqrt(10_000 * share * (1 - share))
    assert.ok(Math.abs(tried - 10_000 * share) < 6 * deviation, String(tried))
  })

test('A request that is tried again stays on its side', () => {
  const policy = begun(0.5)
  for (let i = 0; i < 50; i++) {
    const one = visit()
    const first = policy.select(undefined, one)
    for (let j = 0; j < 4; j++) assert.equal(policy.select(first, one)?.generation, first?.generation)
  }
})

test('The next canary gets other clients', () => {
  const policy = begun(0.5)
  const clients = Array.from({ length: 400 }, () => visit())
  const before = clients.map(one => policy.select(undefined, one)?.generation === 2)
  policy.reject()
  for (const worker of news) policy.remove(worker)
  policy.begin(3, 0.5)
  policy.add(new FakeWorker('z', 0, 3))
  const after = clients.map(one => policy.select(undefined, returning(one))?.generation === 3)
  const both = before.filter((was, i) => was && after[i] === true).length
  assert.ok(both > 50 && both < 150, String(both))
})

test('Where a side has no candidate, the other serves its clients', () => {
  const policy = begun(0.999999)
  for (const worker of news) policy.remove(worker)
  assert.equal(policy.select(undefined, visit())?.generation, 1)
  assert.equal(policy.size, 2)
  for (const worker of news) policy.add(worker)
  assert.equal(policy.select(undefined, visit())?.generation, 2)

  const other = new CanarySplit(() => new RoundRobin<FakeWorker>(), cookie)
  other.begin(2, 0.000001)
  for (const worker of news) other.add(worker)
  assert.equal(other.size, 2)
  assert.equal(other.select(undefined, visit())?.generation, 2)
  assert.equal(other.select()?.generation, 2)
})

test('What came before the canary is not given to it', () => {
  const policy = begun(0.999999)
  for (let i = 0; i < 4; i++) assert.equal(policy.select()?.generation, 1)
})

test('accept() makes the canary serve as the others do', () => {
  const policy = begun(0.1)
  policy.accept()
  assert.equal(policy.needsRequest, false)
  assert.equal(policy.size, 4)
  const turns = new Set(Array.from({ length: 4 }, () => policy.select(undefined, visit())?.name))
  assert.deepEqual([...turns].sort(), ['a', 'b', 'x', 'y'])
  for (const worker of news) policy.remove(worker)
  assert.equal(policy.size, 2)
})

test('reject() gives it nothing any more', () => {
  const policy = begun(0.999999)
  policy.reject()
  assert.equal(policy.needsRequest, false)
  assert.equal(policy.size, 2)
  for (let i = 0; i < 4; i++) assert.equal(policy.select(undefined, visit())?.generation, 1)
})

/** Clients that are known by their URL, and who linger. */
const sticky = (): Policy<FakeWorker> => new Sticky<FakeWorker>(({ req }) => req.url, 60_000)

function ask(policy: Policy<FakeWorker>, url: string): FakeWorker | undefined {
  const one = visit({ url })
  const chosen = policy.select(undefined, one)
  policy.end?.(one)
  return chosen
}

test('When a canary is accepted, sticky clients of the old one linger, and its own stay where they are', () => {
  const [old] = fakes(1)
  const policy = new CanarySplit(sticky, cookie)
  policy.add(old)
  assert.equal(ask(policy, '/old'), old)
  // This one had been with the old one, not long ago.
  assert.equal(ask(policy, '/tried'), old)
  policy.begin(2, 0.999999)
  for (const worker of news) policy.add(worker)
  const tried = ask(policy, '/tried')
  assert.ok(tried !== undefined && tried.generation === 2)
  policy.accept()
  assert.equal(policy.retire(old), true)
  assert.equal(ask(policy, '/old'), old)
  assert.equal(ask(policy, '/tried'), tried)
  assert.equal(ask(policy, '/new')?.generation, 2)
  policy.remove(old)
  assert.equal(ask(policy, '/old')?.generation, 2)
})

test('When a canary is rejected, its sticky clients leave it at once', () => {
  const [old] = fakes(1)
  const policy = new CanarySplit(sticky, cookie)
  policy.add(old)
  policy.begin(2, 0.999999)
  const [first] = news
  assert.ok(first !== undefined)
  policy.add(first)
  assert.equal(ask(policy, '/tried'), first)
  policy.reject()
  assert.equal(policy.retire(first), false)
  assert.equal(ask(policy, '/tried'), old)
})
