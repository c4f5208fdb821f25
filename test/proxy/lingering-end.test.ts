import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { lingeringEnd } from '#lib/proxy/lingering-end.js'

/** A socket that takes what is written only when it is told to. */
class SlowSocket extends Duplex {
  taken = ''
  release: () => void = () => {}

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.release = () => {
      this.taken += chunk.toString()
      callback()
    }
  }
}

test('a client gets all that is left for it, however slow it is, and then two seconds', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const socket = new SlowSocket()
  lingeringEnd(socket, 'the end')
  t.mock.timers.tick(29_000)
  assert.equal(socket.destroyed, false)
  const finished = once(socket, 'finish')
  socket.release()
  await finished
  assert.equal(socket.taken, 'the end')
  t.mock.timers.tick(1999)
  assert.equal(socket.destroyed, false)
  t.mock.timers.tick(1)
  assert.equal(socket.destroyed, true)
})

test('a client that takes nothing is given up', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const socket = new SlowSocket()
  lingeringEnd(socket, 'the end')
  t.mock.timers.tick(30_000)
  assert.equal(socket.destroyed, true)
})
