import type { AddressInfo } from 'node:net'
import type { RawHandle } from '../handles/raw-handle.js'

/**
 * Stands in for a server's handle while the master is asked for one: so `server.listening` is true and
 * `server.address()` tells the port in the tick of `listen`, as with plain Node.
 */
export class PendingHandle implements RawHandle {
  readonly getsockname: ((out: Partial<AddressInfo>) => number) | undefined
  /** Who may connect to a UNIX socket, by libuv's flags: node:net sets it behind `listen`. */
  mode = 0
  readonly #onClose: () => void

  /**
   * @param shown what `server.address()` tells; undefined for a server without a TCP address
   * @param onClose the server is closed before it has a handle
   */
  constructor(shown: AddressInfo | undefined, onClose: () => void) {
    this.getsockname = shown && (out => (Object.assign(out, shown), 0))
    this.#onClose = onClose
  }

  fchmod(mode: number): number {
    this.mode |= mode
    return 0
  }

  listen(): number {
    return 0
  }

  close(callback?: () => void): void {
    this.#onClose()
    if (callback !== undefined) setImmediate(callback)
  }

  // The channel to the master is what keeps the process alive meanwhile.
  ref(): void {}
  unref(): void {}
}
