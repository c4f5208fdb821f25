import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { UpServer } from '#lib/server/up-server.js'
import { surpluses } from '#lib/handoff/rebalance.js'
import { Guest, serveHandoff, usedGuests } from '../helpers/handoff.js'
import { until } from '../helpers/wait.js'

/** Waits until no worker has more than 1.2 x the mean of so many connections. */
async function even(srv: UpServer, total: number): Promise<void> {
  await until(() => {
    const counts = srv
      .status()
      .workers.filter(({ state }) => state === 'spawned')
      .map(({ connections }) => connections)
    const sum = counts.reduce((a, b) => a + b, 0)
    return sum === total && Math.max(...counts) <= (1.2 * total) / counts.length
  })
}

/** What counts become when each connection that is given away goes to the worker with the fewest. */
function spread(counts: readonly number[]): number[] {
  const after = [...counts]
  for (const [i, count] of surpluses(counts).entries()) {
    for (let given = 0; given < count; given++) {
      after[i] = (after[i] ?? 0) - 1
      const fewest = after.indexOf(Math.min(...after))
      after[fewest] = (after[fewest] ?? 0) + 1
    }
  }
  return after
}

test('after one round no worker has more than 1.2 x the mean, or than the next whole number', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 12 }), counts => {
      const after = spread(counts)
      const mean = counts.reduce((a, b) => a + b, 0) / counts.length
      assert.ok(Math.max(...after) <= Math.max(1.2 * mean, Math.ceil(mean)), after.join())
    })
  )
})

test('counts that are even enough give nothing away', () => {
  fc.assert(
    fc.property(fc.nat({ max: 500 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), (n, more) => {
      assert.ok(surpluses(more.map(one => n + Number(one))).every(count => count === 0))
    })
  )
})

test('when a second worker comes, idle connections move to it until both have as many', async t => {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 })
  const guests = await usedGuests(t, port, 40)
  await srv.scale(2)
  await even(srv, 40)
  assert.equal(new Set(await Promise.all(guests.map(guest => guest.ask()))).size, 2)
})

test('when a second worker comes, busy connections move to it between two requests', async t => {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 })
  let over = false
  const talk = async (guest: Guest): Promise<void> => {
    while (!over) {
      await guest.ask()
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
  const talks = Array.from({ length: 20 }, () => talk(new Guest(t, port)))
  await srv.scale(2)
  await even(srv, 20).finally(() => (over = true))
  await Promise.all(talks)
})

test("after a reload with 'first', when all had gone to one worker, they are spread", async t => {
  const { srv, port } = await serveHandoff(t, { strategy: 'first', numWorkers: 3 })
  const guests = await usedGuests(t, port, 45)
  await srv.reload()
  await even(srv, 45)
  await Promise.all(guests.map(guest => guest.ask()))
  for (const guest of guests) guest.assertUntouched()
})
