import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { UpError } from '../errors.js'

/** One that waits: told once, either way. */
export interface Held<T> {
  readonly client: Duplex
  readonly onTurn: (given: T) => void
  readonly onRefused: (error: UpError) => void
}

/** How often held connections are examined, in milliseconds. */
const PROBE_MS = 1000

/**
 * Requests that wait for something: bounded in number and in time, released in order of arrival. Their
 * bodies stay unread.
 */
export class HoldQueue<T = void> {
  readonly #max: number
  readonly #timeoutMs: number
  readonly #what: string
  readonly #held = new Map<Held<T>, () => void>()
  #probe: NodeJS.Timeout | undefined

  /**
   * @param max how many may wait at once
   * @param timeoutMs how long each may wait, in milliseconds; 0 is no limit
   * @param what what they wait for, as the errors name it
   */
  constructor(max: number, timeoutMs: number, what = 'a worker') {
    this.#max = max
    this.#timeoutMs = timeoutMs
    this.#what = what
  }

  /** How many wait now. */
  get size(): number {
    return this.#held.size
  }

  /**
   * Waits until `onTurn` is called, or `onRefused`: with `UP_ERR_HOLD_FULL` if too many wait already,
   * `UP_ERR_HOLD_TIMEOUT` when the time is over, `UP_ERR_CLIENT_CLOSED` when the client has gone, or the
   * error given to `rejectAll`.
   *
   * @param since when the request began to wait first, by `performance.now()`
   */
  enter(held: Held<T>, since: number): void {
    if (held.client.destroyed) return held.onRefused(clientClosed())
    if (this.#held.size >= this.#max) {
      const message = `${this.#max} requests are waiting for ${this.#what} already (maxHeld)`
      return held.onRefused(new UpError('UP_ERR_HOLD_FULL', message))
    }
    const onClose = (): void => this.#refuse(held, clientClosed())
    const timer =
      this.#timeoutMs === 0
        ? undefined
        : setTimeout(() => this.#refuse(held, this.#late()), this.#left(since))
    held.client.once('close', onClose)
    this.#held.set(held, () => {
      clearTimeout(timer)
      held.client.removeListener('close', onClose)
    })
    this.#probe ??= setInterval(() => this.#examine(), PROBE_MS).unref()
  }

  /** Lets the first go on. */
  releaseFirst(given: T): void {
    const [held] = this.#held.keys()
    if (held === undefined) return
    this.#leave(held)
    held.onTurn(given)
  }

  /** Lets all go on, in order of arrival. */
  releaseAll(given: T): void {
    for (let left = this.#held.size; left > 0; left--) this.releaseFirst(given)
  }

  rejectAll(error: UpError): void {
    for (const held of [...this.#held.keys()]) this.#refuse(held, error)
  }

  #refuse(held: Held<T>, error: UpError): void {
    if (!this.#held.has(held)) return
    this.#leave(held)
    held.onRefused(error)
  }

  #leave(held: Held<T>): void {
    this.#held.get(held)?.()
    this.#held.delete(held)
    if (this.#held.size > 0) return
    clearInterval(this.#probe)
    this.#probe = undefined
  }

  /**
   * A connection that is not read, because its request's body has to wait, does not tell that it was
   * reset. An empty write does, and sends nothing. The connection of an HTTP/2 stream is always read.
   */
  #examine(): void {
    for (const { client } of [...this.#held.keys()])
      if (client instanceof Socket && client.writable) client.write('')
  }

  #left(since: number): number {
    return Math.max(0, since + this.#timeoutMs - performance.now())
  }

  #late(): UpError {
    const message = `${this.#what} was not available for ${this.#timeoutMs} ms (holdTimeout)`
    return new UpError('UP_ERR_HOLD_TIMEOUT', message)
  }
}

function clientClosed(): UpError {
  return new UpError('UP_ERR_CLIENT_CLOSED', 'the client closed its connection while its request was waiting')
}
