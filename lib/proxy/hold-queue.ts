import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { UpError } from '../errors.js'
import { watchHeld } from './held-client.js'

/** One that waits: told once, either way. */
export interface Held<T> {
  readonly client: Duplex
  readonly onTurn: (given: T) => void
  readonly onRefused: (error: UpError) => void
}

/** How much may wait. Read whenever it counts, so it may change meanwhile. */
export interface HoldLimits {
  /** How many may wait at once. */
  readonly maxHeld: number
  /** How long each may wait, in milliseconds; 0 is no limit. */
  readonly holdTimeoutMs: number
}

/** One in the line, which is in order of arrival. */
interface Place<T> {
  readonly held: Held<T>
  /** When the request came, by `performance.now()`. */
  readonly since: number
  ahead: Place<T> | undefined
  behind: Place<T> | undefined
  /** Stops to watch the client; undefined: it has left the line. */
  release: (() => void) | undefined
}

/** Held connections are examined so often at most, in milliseconds; and no more than takes so small a share of the time. */
const PROBE_MS = 100
const PROBE_SHARE = 1 / 20

/**
 * Requests that wait for something: bounded in number and in time, released in order of arrival. Their
 * bodies stay unread.
 */
export class HoldQueue<T = void> {
  readonly #limits: HoldLimits
  readonly #what: string
  /** Instead of the usual one; undefined: that one. */
  #timeLimitMs: number | undefined
  /** No one's time began before this, by `performance.now()`. */
  #from = 0
  #first: Place<T> | undefined
  #last: Place<T> | undefined
  #size = 0
  #probe: NodeJS.Timeout | undefined
  #limit: NodeJS.Timeout | undefined
  /** When it looks, by `performance.now()`. */
  #limitAt = Infinity

  /** @param what what they wait for, as the errors name it */
  constructor(limits: HoldLimits, what: string) {
    this.#limits = limits
    this.#what = what
  }

  /** How many wait now. */
  get size(): number {
    return this.#size
  }

  /** When the first of those that wait came, by `performance.now()`. */
  get oldest(): number | undefined {
    return this.#first?.since
  }

  /**
   * Changes how long each may wait.
   *
   * @param timeoutMs in milliseconds; 0 is no limit; undefined: as usual
   * @param from where a request's time began earlier, it begins now, by `performance.now()`
   */
  limit(timeoutMs: number | undefined, from: number): void {
    this.#timeLimitMs = timeoutMs
    this.#from = from
    this.#clearLimit()
    this.#setLimit()
  }

  /** Whether the time of a request that came then is over. */
  isLate(since: number): boolean {
    return this.#timeoutMs > 0 && this.#deadline(since) <= performance.now()
  }

  /** What a request gets whose time is over. */
  late(cause?: unknown): UpError {
    const message = `${this.#what} was not available for ${this.#timeoutMs} ms (holdTimeout)`
    return new UpError('UP_ERR_HOLD_TIMEOUT', message, { cause })
  }

  /**
   * Waits until `onTurn` is called, or `onRefused`: with `UP_ERR_HOLD_FULL` if too many wait already,
   * `UP_ERR_HOLD_TIMEOUT` when the time is over, `UP_ERR_CLIENT_CLOSED` when the client has gone, or the
   * error given to `rejectAll`.
   *
   * @param since when the request came, by `performance.now()`: its place is behind those that came earlier
   * @param isBack whether it has waited before, here or elsewhere: then there cannot be too many
   */
  enter(held: Held<T>, since: number, isBack = false): void {
    if (held.client.destroyed) return held.onRefused(clientClosed())
    const { maxHeld } = this.#limits
    if (this.#size >= maxHeld && !isBack) {
      const message = `${maxHeld} requests are waiting for ${this.#what} already (maxHeld)`
      return held.onRefused(new UpError('UP_ERR_HOLD_FULL', message))
    }
    const place: Place<T> = { held, since, ahead: undefined, behind: undefined, release: undefined }
    place.release = watchHeld(held.client, () => this.#refuse(place, clientClosed()))
    this.#insert(place)
    this.#setLimit()
    this.#probe ??= this.#examineLater(PROBE_MS)
  }

  /** Lets the first go on. */
  releaseFirst(given: T): void {
    const first = this.#first
    if (first === undefined) return
    this.#leave(first)
    first.held.onTurn(given)
  }

  rejectAll(error: UpError): void {
    for (let left = this.#size; left > 0 && this.#first !== undefined; left--)
      this.#refuse(this.#first, error)
  }

  #insert(place: Place<T>): void {
    let ahead = this.#last
    while (ahead !== undefined && ahead.since > place.since) ahead = ahead.ahead
    place.ahead = ahead
    place.behind = ahead === undefined ? this.#first : ahead.behind
    if (place.behind === undefined) this.#last = place
    else place.behind.ahead = place
    if (ahead === undefined) this.#first = place
    else ahead.behind = place
    this.#size++
  }

  #refuse(place: Place<T>, error: UpError): void {
    if (place.release === undefined) return
    this.#leave(place)
    place.held.onRefused(error)
  }

  #leave(place: Place<T>): void {
    place.release?.()
    place.release = undefined
    if (place.ahead === undefined) this.#first = place.behind
    else place.ahead.behind = place.behind
    if (place.behind === undefined) this.#last = place.ahead
    else place.behind.ahead = place.ahead
    if (--this.#size > 0) return
    clearTimeout(this.#probe)
    this.#probe = undefined
    this.#clearLimit()
  }

  get #timeoutMs(): number {
    return this.#timeLimitMs ?? this.#limits.holdTimeoutMs
  }

  #deadline(since: number): number {
    return Math.max(since, this.#from) + this.#timeoutMs
  }

  /** One timer for all: who came first has to leave first. */
  #setLimit(): void {
    if (this.#timeoutMs === 0 || this.#first === undefined) return
    const deadline = this.#deadline(this.#first.since)
    if (this.#limitAt <= deadline) return
    this.#clearLimit()
    this.#limitAt = deadline
    const left = Math.max(0, deadline - performance.now())
    this.#limit = setTimeout(() => {
      this.#clearLimit()
      while (this.#first !== undefined && this.isLate(this.#first.since))
        this.#refuse(this.#first, this.late())
      this.#setLimit()
    }, left)
  }

  #clearLimit(): void {
    clearTimeout(this.#limit)
    this.#limit = undefined
    this.#limitAt = Infinity
  }

  /**
   * A connection that is not read, because its request's body has to wait, does not tell that it was
   * reset. An empty write does, and sends nothing. The connection of an HTTP/2 stream is always read.
   */
  #examineLater(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const began = performance.now()
      for (let place = this.#first; place !== undefined; place = place.behind) {
        const { client } = place.held
        if (client instanceof Socket && client.writable) client.write('')
      }
      const took = performance.now() - began
      if (this.#size > 0) this.#probe = this.#examineLater(Math.max(PROBE_MS, took / PROBE_SHARE))
    }, ms).unref()
  }
}

function clientClosed(): UpError {
  return new UpError('UP_ERR_CLIENT_CLOSED', 'the client closed its connection while its request was waiting')
}
