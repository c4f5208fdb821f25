import type { Socket } from 'node:net'
import type { FromSharing } from '../../worker/handoff-messages.js'
import { internals } from './internals.js'

/** Sends connections to the master. Node sends one after the other, each when the one before has arrived. */
export class Outbox {
  readonly #onEmpty: () => void
  #waiting = 0

  /** @param onEmpty called when the last has arrived */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty
  }

  get isEmpty(): boolean {
    return this.#waiting === 0
  }

  /** Nothing is read from the connection any more: what the client sends from now on, its next owner reads. */
  send(socket: Socket, message: FromSharing & { type: 'up:connection' }): void {
    const own = internals(socket)
    own._handle?.readStop?.()
    socket.setTimeout(0)
    // Else node would keep its old server open until the new owner has closed it.
    own.server = null
    this.#waiting++
    process.send?.(message, socket, {}, () => {
      // Whoever looked after it here sees it closed.
      socket.destroy()
      if (--this.#waiting === 0) this.#onEmpty()
    })
  }
}
