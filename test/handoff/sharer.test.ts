import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ToSharing } from '#lib/worker/handoff-messages.js'
import type { Channel } from '#lib/worker/channel.js'
import { Sharer } from '#lib/worker/sharer.js'

function fresh(): { sharer: Sharer; sent: ToSharing[] } {
  const sent: ToSharing[] = []
  const channel: Pick<Channel, 'send'> = { send: message => sent.push(message as ToSharing) }
  return { sharer: new Sharer(channel as Channel, 1000), sent }
}

function sharing(): { sharer: Sharer; sent: ToSharing[]; lastPause: () => number } {
  const { sharer, sent } = fresh()
  sharer.open(1)
  const lastPause = (): number => sent.findLast(message => message.type === 'up:pause')?.id ?? 0
  return { sharer, sent, lastPause }
}

test('a worker is quiet until it is told to accept', () => {
  const { sharer } = sharing()
  assert.equal(sharer.isQuiet, true)
  sharer.accept(1, undefined)
  assert.equal(sharer.isQuiet, false)
})

test('what it says of an earlier pause does not count for a later one', () => {
  const { sharer, lastPause } = sharing()
  sharer.accept(1, undefined)
  sharer.pause(true)
  const first = lastPause()
  sharer.accept(1, undefined)
  sharer.pause(true)
  sharer.note({ type: 'up:quiet', id: first })
  assert.equal(sharer.isQuiet, false)
  sharer.note({ type: 'up:quiet', id: lastPause() })
  assert.equal(sharer.isQuiet, true)
})

test('one that never listened on a shared port is quiet and drained, and hears nothing of pauses', () => {
  const { sharer, sent } = fresh()
  sharer.pause(true)
  sharer.goOn()
  sharer.retire(true)
  assert.deepEqual([sharer.isQuiet, sharer.isDrained, sent], [true, true, []])
})
