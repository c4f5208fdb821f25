import type { ChildProcess, SendHandle } from 'node:child_process'
import type { Socket } from 'node:net'
import type { RawHandle } from '../handles/raw-handle.js'
import { isOurs, type FromWorker, type ToWorker } from './messages.js'

/** The IPC channel to a worker. */
export class Channel {
  readonly #proc: ChildProcess

  /** @param onMessage gets what the worker says to us, and a connection where one comes along */
  constructor(proc: ChildProcess, onMessage: (message: FromWorker, socket: Socket | undefined) => void) {
    this.#proc = proc
    proc.on('message', (message, handle) => {
      if (isOurs(message)) onMessage(message as FromWorker, handle as Socket | undefined)
    })
  }

  /** A worker that is gone already hears nothing; its exit tells. The handle stays open here, too. */
  send(message: ToWorker, handle?: RawHandle): void {
    // That raw handles can be sent is not in the public types.
    const sendable = handle as unknown as SendHandle | undefined
    if (this.#proc.connected) this.#proc.send(message, sendable, { keepOpen: true }, () => {})
  }
}
