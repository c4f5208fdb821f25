import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPolicyWithBackups } from '#lib/balance/create-policy.js'
import type { Visit } from '#lib/balance/policy.js'
import { RoundRobin } from '#lib/balance/round-robin.js'
import { Sticky } from '#lib/balance/sticky.js'
import { WithBackups } from '#lib/balance/with-backups.js'
import type { ResolvedBalance } from '#lib/options/balance.js'
import { FakeWorker, visit } from '../helpers/fake-workers.js'

class FakeUpstream extends FakeWorker {
  readonly backup: boolean

  constructor(name: string, slot: number, backup: boolean, weight = 1) {
    super(name, slot, 1, weight)
    this.backup = backup
  }
}

/** a and b serve, y and z are for backup. */
function four(): [FakeUpstream, FakeUpstream, FakeUpstream, FakeUpstream] {
  const [first, backup] = [false, true]
  return [
    new FakeUpstream('a', 0, first),
    new FakeUpstream('b', 1, first),
    new FakeUpstream('y', 2, backup),
    new FakeUpstream('z', 3, backup)
  ]
}

const sticky = {
  policy: 'sticky',
  by: ({ url }: Visit['req']) => url,
  cookie: 'c',
  secret: undefined
} as const
const balances: Record<string, ResolvedBalance> = {
  'round-robin': { policy: 'round-robin' },
  'least-requests': { policy: 'least-requests' },
  'random-two': { policy: 'random-two' },
  sticky: { ...sticky, lingerMs: 0 },
  'a function': { policy: 'custom', choose: candidates => candidates[0] ?? assert.fail() }
}

function create(balance: ResolvedBalance): WithBackups<FakeUpstream> {
  return createPolicyWithBackups(balance, () => false)
}

/** Where a client's request goes, which is over at once. */
function ask(policy: WithBackups<FakeUpstream>, url = '/', avoid?: FakeUpstream): string {
  const one = visit({ url })
  const chosen = policy.select(avoid, policy.needsRequest ? one : undefined)
  policy.end(one)
  return chosen?.name ?? '-'
}

for (const [name, balance] of Object.entries(balances)) {
  test(`${name}: a backup is chosen only while no other is there, or the only other has just failed`, () => {
    const action = fc.record({
      does: fc.constantFrom('add', 'remove', 'select', 'select', 'avoid'),
      who: fc.nat(3)
    })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), actions => {
        const policy = create(balance)
        const upstreams = four()
        const present = new Set<FakeUpstream>()
        for (const { does, who } of actions) {
          const upstream = upstreams[who]
          if (upstream === undefined) continue
          if (does === 'add') present.add(upstream)
          if (does === 'remove') present.delete(upstream)
          if (does === 'add' || does === 'remove') policy[does](upstream)
          const all = [...present]
          const first = all.filter(({ backup }) => !backup)
          const rank = first.length > 0 ? first : all
          assert.equal(policy.size, rank.length)
          if (does !== 'select' && does !== 'avoid') continue
          const avoid = does === 'avoid' ? upstream : undefined
          const chosen = ask(policy, `/${who}`, avoid)
          const allowed = [rank, all]
            .map(list => list.filter(each => each !== avoid))
            .find(list => list.length > 0)
          const names = (allowed ?? all).map(each => each.name)
          assert.ok(
            names.length === 0 ? chosen === '-' : names.includes(chosen),
            `${chosen} of ${names.join()}`
          )
        }
      }),
      { numRuns: 300 }
    )
  })
}

test('those that serve and those for backup go round by weight, each rank for itself', () => {
  const policy = create({ policy: 'round-robin' })
  const first = [5, 1, 1].map((weight, i) => new FakeUpstream('abc'[i] ?? '', i, false, weight))
  const backups = [1, 2].map((weight, i) => new FakeUpstream('yz'[i] ?? '', i + 3, true, weight))
  for (const upstream of [...backups, ...first]) policy.add(upstream)
  const take = (count: number): string => Array.from({ length: count }, () => ask(policy)).join('')
  assert.equal(take(7), 'aabacaa')
  for (const upstream of first) policy.remove(upstream)
  assert.equal(take(6), 'zyzzyz')
  for (const upstream of first) policy.add(upstream)
  assert.equal(take(7), 'aabacaa')
})

test('without the property backup, a candidate serves', () => {
  const policy = new WithBackups<FakeWorker>(new RoundRobin(), new RoundRobin())
  const plain = new FakeWorker('a', 0)
  policy.add(plain)
  assert.equal(policy.select(), plain)
})

test('it looks at the request if one of the two does', () => {
  const byUrl = (): WithBackups<FakeWorker> | Sticky<FakeWorker> => new Sticky(({ req }) => req.url, 0)
  assert.equal(new WithBackups(new RoundRobin(), new RoundRobin()).needsRequest, false)
  assert.equal(new WithBackups(byUrl(), byUrl()).needsRequest, true)
  assert.equal(new WithBackups(new RoundRobin<FakeWorker>(), byUrl()).needsRequest, true)
})

test('a client goes to a backup and back again, and is where it was', () => {
  const policy = create({ ...sticky, lingerMs: 1000 })
  const [a, b, y, z] = four()
  for (const upstream of [y, z, a, b]) policy.add(upstream)
  const urls = Array.from({ length: 50 }, (_, i) => `/client ${i}`)
  const homes = urls.map(url => ask(policy, url))
  assert.deepEqual(new Set(homes), new Set(['a', 'b']))
  for (const upstream of [a, b]) policy.remove(upstream)
  const refuges = urls.map(url => ask(policy, url))
  assert.deepEqual(new Set(refuges), new Set(['y', 'z']))
  assert.deepEqual(urls.map(url => ask(policy, url)), refuges) // prettier-ignore
  for (const upstream of [a, b]) policy.add(upstream)
  assert.deepEqual(urls.map(url => ask(policy, url)), homes) // prettier-ignore
})

test('a cookie that was given for one rank is good for the other', () => {
  const policy = create({ policy: 'sticky', by: 'cookie', cookie: 'c', secret: undefined, lingerMs: 0 })
  const [a, , y] = four()
  policy.add(a)
  policy.add(y)
  const first = visit()
  policy.select(undefined, first)
  policy.end(first)
  const cookie = first.setCookies?.[0]?.split(';')[0] ?? assert.fail('there is no cookie')
  policy.remove(a)
  const second = visit({ headers: { cookie } })
  assert.equal(policy.select(undefined, second), y)
  assert.equal(second.setCookies, undefined)
})

test('one that is retired keeps the clients that are bound to it, while new ones go to a backup', t => {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  const policy = create({ ...sticky, lingerMs: 100 })
  const [a, , y] = four()
  policy.add(a)
  policy.add(y)
  const open = visit({ url: '/busy' })
  assert.equal(policy.select(undefined, open), a)
  assert.equal(policy.retire(a), true)
  now += 10_000
  assert.equal(policy.size, 1)
  assert.equal(ask(policy, '/new'), 'y')
  assert.equal(ask(policy, '/busy'), 'a')
  // A request that failed there goes on.
  assert.equal(ask(policy, '/busy', a), 'y')
  policy.end(open)
  now += 101
  assert.equal(ask(policy, '/busy'), 'y')
})

test('where clients are not bound, one that retires leaves at once', () => {
  const policy = create({ policy: 'round-robin' })
  const [a, , y] = four()
  policy.add(a)
  policy.add(y)
  assert.equal(policy.retire(a), false)
  assert.equal(policy.retire(y), false)
})

test('a visit that ends is over for both: its client is no longer busy at either', t => {
  let now = 1000
  t.mock.method(performance, 'now', () => now)
  const policy = create({ ...sticky, lingerMs: 100 })
  const [a, b, y, z] = four()
  for (const upstream of [a, y]) policy.add(upstream)
  // It fails at a, and is repeated at y.
  const one = visit({ url: '/x' })
  assert.equal(policy.select(undefined, one), a)
  assert.equal(policy.select(a, one), y)
  policy.end(one)
  for (const upstream of [b, z]) policy.add(upstream)
  for (const upstream of [a, y]) policy.retire(upstream)
  now += 101
  assert.equal(ask(policy, '/x'), 'b')
  policy.remove(b)
  assert.equal(ask(policy, '/x'), 'z')
})
