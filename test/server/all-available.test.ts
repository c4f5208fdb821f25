import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test, type TestContext } from 'node:test'
import { allAvailable } from '#lib/server/reload-strategies.js'
import { Slot } from '#lib/worker/slot.js'
import type { Worker } from '#lib/worker/worker.js'

/** A worker without a process. */
class Puppet extends EventEmitter {
  readyState = 'spawning'
  readonly ageMs = 0

  ready(): void {
    this.readyState = 'spawned'
    this.emit('ready')
  }

  die(): void {
    this.readyState = 'terminated'
    this.emit('gone')
  }

  retire(): void {
    this.readyState = 'terminating'
  }
}

/** A slot with the workers that it has had so far. */
function keptSlot(): { slot: Slot; workers: Puppet[] } {
  const workers: Puppet[] = []
  const slot = new Slot({
    number: 0,
    keepAlive: true,
    minExpectedLifetimeMs: 1000,
    spawn: () => {
      const worker = new Puppet()
      workers.push(worker)
      return worker as unknown as Worker
    },
    onSpawnError: error => assert.fail(error)
  })
  slot.keep()
  return { slot, workers }
}

/** Whatever waits for promises has gone on. */
const settled = (): Promise<void> => new Promise(done => setImmediate(done))

function mockTimers(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] })
}

test('It waits until all are available at one time', async t => {
  mockTimers(t)
  const [one, two] = [keptSlot(), keptSlot()]
  let result: boolean | undefined
  void allAvailable([one.slot, two.slot], 10_000).then(all => (result = all))
  one.workers[0]?.ready()
  one.workers[0]?.die()
  two.workers[0]?.ready()
  await settled()
  assert.equal(result, undefined)
  t.mock.timers.tick(100)
  one.workers[1]?.ready()
  await settled()
  assert.equal(result, true)
})

test('It says when the time is over, or when a slot is retired', async t => {
  mockTimers(t)
  const { slot, workers } = keptSlot()
  let result: boolean | undefined
  void allAvailable([slot], 500).then(all => (result = all))
  workers[0]?.die()
  // It dies again and again, each time before it is ready.
  t.mock.timers.tick(100)
  workers[1]?.die()
  await settled()
  assert.equal(result, undefined)
  t.mock.timers.tick(400)
  await settled()
  assert.equal(result, false)

  const retired = allAvailable([slot], 0)
  slot.retire(0)
  assert.equal(await retired, false)
})
