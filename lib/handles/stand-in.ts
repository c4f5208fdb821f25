import type { RawHandle } from './raw-handle.js'

/**
 * In the place of a listening handle while nobody accepts from one here: so that the server counts as listening,
 * shows its address, and can be closed.
 */
export class StandIn implements RawHandle {
  /** node:net puts here how it accepts. */
  onconnection: RawHandle['onconnection'] = undefined
  /** What `listen` answers to node:net: 0, or the negative number of an error. */
  error = 0
  /** Whether the server is closed. */
  closed = false
  readonly getsockname: RawHandle['getsockname']
  readonly #onClose: () => void
  /** A listening handle keeps its process alive; so does this, by a timer that is never due. */
  readonly #alive = setInterval(() => {}, 2 ** 31 - 1)

  /**
   * @param shown the address that the server shows; undefined: a path, which node:net keeps by itself
   * @param onClose the server is closed
   */
  constructor(shown: object | undefined, onClose: () => void) {
    this.getsockname = shown && (out => (Object.assign(out, shown), 0))
    this.#onClose = onClose
  }

  /** Lets node:net accept. */
  accept(status: number, client: RawHandle | undefined): void {
    this.onconnection?.(status, client)
  }

  listen(): number {
    return this.error
  }

  close(callback?: () => void): void {
    this.closed = true
    clearInterval(this.#alive)
    this.#onClose()
    if (callback !== undefined) process.nextTick(callback)
  }

  ref(): void {
    this.#alive.ref()
  }

  unref(): void {
    this.#alive.unref()
  }
}
