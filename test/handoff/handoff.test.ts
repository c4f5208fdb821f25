import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RawHandle } from '#lib/handles/raw-handle.js'
import { Handoff, type Loose, type Taker } from '#lib/handoff/handoff.js'
import type { Load, ToSharing } from '#lib/worker/handoff-messages.js'

const PORT = 1

/** A worker without a process: it keeps what it is sent. */
class FakeTaker implements Taker {
  readonly sent: ToSharing[] = []
  readonly handles: (RawHandle | undefined)[] = []
  readonly sharer: Taker['sharer']
  load: Load

  constructor(connections = 0, ports: readonly number[] = [PORT]) {
    this.load = { connections, requests: 0, upgrades: 0, served: 0 }
    const current = (): Load => this.load
    this.sharer = {
      get load() {
        return current()
      },
      ports: new Set(ports),
      send: (message, handle) => {
        this.sent.push(message)
        this.handles.push(handle)
      }
    }
  }

  /** The ids of the connections that it was given. */
  get given(): number[] {
    return this.sent.flatMap(message => (message.type === 'up:adopt' ? [message.id] : []))
  }
}

class FakeHandle implements RawHandle {
  closed = 0

  close(): void {
    this.closed++
  }

  listen(): number {
    return 0
  }

  ref(): void {}

  unref(): void {}
}

function loose(handle: RawHandle = new FakeHandle()): Loose {
  return { port: PORT, handle, luggage: { used: true, leftMs: 1000 } }
}

function start(...takers: FakeTaker[]): Handoff<FakeTaker> {
  const handoff = new Handoff<FakeTaker>()
  for (const taker of takers) handoff.add(taker)
  return handoff
}

const ofLoad = (load: Load): { type: 'up:load' } & Load => ({ type: 'up:load', ...load })

test('a connection goes to the worker with the fewest, those on their way included', () => {
  const few = new FakeTaker(1)
  const many = new FakeTaker(3)
  const handoff = start(many, few)
  for (let i = 0; i < 4; i++) handoff.give(loose())
  assert.deepEqual([few.given.length, many.given.length], [3, 1])
  handoff.close()
})

test('it takes its luggage along, and its handle, which the master closes once the worker has it', () => {
  const taker = new FakeTaker()
  const handoff = start(taker)
  const handle = new FakeHandle()
  handoff.give(loose(handle))
  const [id = 0] = taker.given
  assert.deepEqual(taker.sent, [{ type: 'up:adopt', id, port: PORT, used: true, leftMs: 1000 }])
  assert.deepEqual([taker.handles[0] === handle, handle.closed, handoff.underWay], [true, 0, 1])
  handoff.handle(taker, { type: 'up:adopted', id }, undefined)
  assert.deepEqual([handle.closed, handoff.underWay], [1, 0])
  handoff.close()
})

test('one that is on its way to a worker that dies goes to another', () => {
  const first = new FakeTaker(0)
  const second = new FakeTaker(5)
  const handoff = start(first, second)
  const handle = new FakeHandle()
  handoff.give(loose(handle))
  assert.equal(first.given.length, 1)
  handoff.lost(first)
  assert.deepEqual([second.handles[0] === handle, handle.closed], [true, 0])
  handoff.close()
})

test('one that a worker has taken is not given to another when that worker dies', () => {
  const first = new FakeTaker(0)
  const second = new FakeTaker(5)
  const handoff = start(first, second)
  handoff.give(loose())
  handoff.handle(first, { type: 'up:adopted', id: first.given[0] ?? 0 }, undefined)
  handoff.lost(first)
  assert.deepEqual(second.given, [])
  handoff.close()
})

test('one that a worker declines goes to another, and not to it again', () => {
  const first = new FakeTaker(0)
  const second = new FakeTaker(5)
  const handoff = start(first, second)
  handoff.give(loose())
  handoff.handle(first, { type: 'up:declined', id: first.given[0] ?? 0 }, undefined)
  assert.deepEqual([first.given.length, second.given.length], [1, 1])
  handoff.handle(second, { type: 'up:declined', id: second.given[0] ?? 0 }, undefined)
  assert.deepEqual([first.given.length, second.given.length, handoff.held], [1, 1, 1])
  const third = new FakeTaker()
  handoff.add(third)
  assert.deepEqual([third.given.length, handoff.held], [1, 0])
  handoff.close()
})

test('it is held while there is no worker, or none that has the port', () => {
  const handoff = start(new FakeTaker(0, [2]))
  handoff.give(loose())
  assert.equal(handoff.held, 1)
  const taker = new FakeTaker()
  handoff.add(taker)
  assert.deepEqual([taker.given.length, handoff.held], [1, 0])
  handoff.close()
})

test('during a pause all are held, also those that come back; then they are given out', () => {
  const taker = new FakeTaker()
  const handoff = start(taker)
  handoff.pause()
  handoff.give(loose())
  handoff.handle(
    taker,
    { type: 'up:connection', port: PORT, used: false, leftMs: undefined },
    new FakeHandle()
  )
  // A worker that comes meanwhile changes nothing.
  handoff.add(new FakeTaker(9))
  assert.deepEqual([taker.given.length, handoff.held], [0, 2])
  handoff.resume()
  assert.deepEqual([taker.given.length, handoff.held], [2, 0])
  handoff.close()
})

test('one that comes back without a handle was closed on the way', () => {
  const taker = new FakeTaker()
  const handoff = start(taker)
  handoff.handle(taker, { type: 'up:connection', port: PORT, used: false, leftMs: undefined }, undefined)
  assert.deepEqual([taker.given.length, handoff.held], [0, 0])
  handoff.close()
})

test('a worker that is removed gets none, but may still take what is on its way', () => {
  const taker = new FakeTaker()
  const handoff = start(taker)
  const handle = new FakeHandle()
  handoff.give(loose(handle))
  handoff.remove(taker)
  handoff.give(loose())
  assert.deepEqual([taker.given.length, handoff.held], [1, 1])
  handoff.handle(taker, { type: 'up:adopted', id: taker.given[0] ?? 0 }, undefined)
  assert.equal(handle.closed, 1)
  handoff.close()
})

test('a report replaces what was counted as given, but for what is still on its way', () => {
  const first = new FakeTaker(0)
  const second = new FakeTaker(2)
  const handoff = start(first, second)
  handoff.give(loose())
  handoff.give(loose())
  handoff.handle(first, { type: 'up:adopted', id: first.given[0] ?? 0 }, undefined)
  first.load = { ...first.load, connections: 1 }
  handoff.handle(first, ofLoad(first.load), undefined)
  // One that it has, and one on its way: as many as the other.
  handoff.give(loose())
  handoff.give(loose())
  assert.deepEqual([first.given.length, second.given.length], [3, 1])
  handoff.close()
})

test('close() closes what is held, and what comes back or is declined later', () => {
  const taker = new FakeTaker()
  const handoff = start(taker)
  const [held, back, declined] = [new FakeHandle(), new FakeHandle(), new FakeHandle()]
  handoff.give(loose(declined))
  handoff.pause()
  handoff.give(loose(held))
  handoff.close()
  assert.equal(held.closed, 1)
  handoff.handle(taker, { type: 'up:connection', port: PORT, used: true, leftMs: 5 }, back)
  handoff.handle(taker, { type: 'up:declined', id: taker.given[0] ?? 0 }, undefined)
  assert.deepEqual([back.closed, declined.closed, handoff.held], [1, 1, 0])
})

test('every second, who has too many is asked for the surplus', t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const many = new FakeTaker(30)
  const few = new FakeTaker(10)
  const handoff = start(many, few)
  t.mock.timers.tick(1000)
  assert.deepEqual([many.sent, few.sent], [[{ type: 'up:yield', count: 10 }], []])
  handoff.pause()
  t.mock.timers.tick(1000)
  assert.equal(many.sent.length, 1)
  handoff.close()
})

test('a connection that did not arrive goes to another worker, once its own has answered what came behind it', () => {
  const full = new FakeTaker(0)
  const other = new FakeTaker(5)
  const handoff = start(full, other)
  const handle = new FakeHandle()
  handoff.give(loose(handle))
  const [id = 0] = full.given
  handoff.handle(full, { type: 'up:settled', id: id - 1 }, undefined)
  assert.equal(other.given.length, 0)
  handoff.handle(full, { type: 'up:settled', id }, undefined)
  assert.equal(other.given.length, 1)
  assert.equal(handle.closed, 0)
  handoff.close()
})
