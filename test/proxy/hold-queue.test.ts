import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { HoldQueue } from '#lib/proxy/hold-queue.js'
import { until } from '../helpers/wait.js'

function enter(t: TestContext, queue: HoldQueue, name: string, told: string[]): void {
  const client = new PassThrough()
  t.after(() => client.destroy())
  queue.enter(
    { client, onTurn: () => told.push(name), onRefused: ({ code }) => told.push(`${name} ${code}`) },
    performance.now()
  )
}

test('How many may wait is as the limits say when one comes', t => {
  const limits = { maxHeld: 1, holdTimeoutMs: 0 }
  const queue = new HoldQueue(limits, 'a worker')
  const told: string[] = []
  enter(t, queue, 'a', told)
  enter(t, queue, 'b', told)
  limits.maxHeld = 2
  enter(t, queue, 'c', told)
  queue.releaseFirst()
  queue.releaseFirst()
  assert.deepEqual(told, ['b UP_ERR_HOLD_FULL', 'a', 'c'])
})

test('A shorter time limit counts for those that wait already, as soon as another one comes', async t => {
  const limits = { maxHeld: 10, holdTimeoutMs: 3_600_000 }
  const queue = new HoldQueue(limits, 'a worker')
  const told: string[] = []
  enter(t, queue, 'a', told)
  limits.holdTimeoutMs = 20
  enter(t, queue, 'b', told)
  await until(() => queue.size === 0)
  assert.deepEqual(told, ['a UP_ERR_HOLD_TIMEOUT', 'b UP_ERR_HOLD_TIMEOUT'])
})

test('A longer time limit counts for those that wait already', async t => {
  const limits = { maxHeld: 10, holdTimeoutMs: 20 }
  const queue = new HoldQueue(limits, 'a worker')
  const told: string[] = []
  enter(t, queue, 'a', told)
  limits.holdTimeoutMs = 3_600_000
  // Behind it in time, and with a limit of its own that is over.
  const other = new HoldQueue({ maxHeld: 1, holdTimeoutMs: 40 }, 'a worker')
  enter(t, other, 'b', told)
  await until(() => other.size === 0)
  assert.deepEqual(told, ['b UP_ERR_HOLD_TIMEOUT'])
  queue.releaseFirst()
  assert.deepEqual(told, ['b UP_ERR_HOLD_TIMEOUT', 'a'])
})
