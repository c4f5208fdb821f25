import { UpstreamError } from '../errors.js'
import { addressText, type Address } from './address.js'
import { UpstreamConnection } from './connection.js'
import type { HoldQueue } from './hold-queue.js'

/** An idle connection is closed after so long: well before a worker would close it (see lib/child). */
export const POOL_IDLE_MS = 15_000

export interface PoolOptions {
  /** The longest silence of the upstream, in milliseconds; 0 is no limit. */
  readonly timeoutMs: number
  /** How many connections there may be at once. Default: any number. */
  readonly max?: number
  /** Where requests wait while all of them are busy. */
  readonly queue?: HoldQueue<UpstreamConnection>
  /** How long a connection may take to stand, in milliseconds. Default: as `timeoutMs`. */
  readonly connectTimeoutMs?: number
  /** How long an upstream of somebody else's keeps an idle connection is not known: see {@link FOREIGN_IDLE_MS}. */
  readonly isForeign?: boolean
}

/**
 * How long a connection to an upstream that is none of ours may be idle, in milliseconds: less than the 5 s after
 * which node:http, Apache and uvicorn close theirs. A request that must not be repeated gets one that has just been
 * used, since it would be lost if the upstream closed it at that moment (RFC 9112 section 9.3.1).
 */
export const FOREIGN_IDLE_MS = 4000
const FOREIGN_FRESH_MS = 1000

/**
 * After a connection broke, those that wait for one wait so much longer, in milliseconds. A process that is
 * killed loses its connections before its listener: a request must not be sent there while it dies.
 */
export const BROKEN_PAUSE_MS = 50

/** The connections to one upstream: busy ones, and idle ones that wait for the next request. */
export class ConnectionPool {
  readonly #address: Address
  readonly #timeoutMs: number
  readonly #connectTimeoutMs: number
  readonly #idleMs: number
  /** How long a connection that gets a request which must not be repeated may have been idle, in milliseconds. */
  readonly #freshMs: number
  readonly #max: number
  /** Where to wait for a connection; undefined: there is always another. */
  readonly queue: HoldQueue<UpstreamConnection> | undefined
  readonly #idle: { connection: UpstreamConnection; since: number }[] = []
  readonly #all = new Set<UpstreamConnection>()
  #sweeper: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined
  #closed = false
  /** Called whenever the last connection has gone. */
  onEmpty: (() => void) | undefined

  constructor(address: Address, options: PoolOptions) {
    const { timeoutMs, max = Infinity, queue, connectTimeoutMs = timeoutMs, isForeign = false } = options
    this.#address = address
    this.#timeoutMs = timeoutMs
    this.#connectTimeoutMs = connectTimeoutMs
    this.#idleMs = isForeign ? FOREIGN_IDLE_MS : POOL_IDLE_MS
    this.#freshMs = isForeign ? FOREIGN_FRESH_MS : Infinity
    this.#max = max
    this.queue = queue
  }

  /**
   * An idle connection, the one used last first, or a new one; undefined if there are too many: see `queue`.
   *
   * @param isRepeatable whether the request may be sent once more
   */
  acquire(isRepeatable: boolean): UpstreamConnection | undefined {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      const { connection, since } = entry
      if (!connection.usable) continue
      if (isRepeatable || performance.now() - since <= this.#freshMs) return connection
      connection.destroy()
    }
    return this.#all.size < this.#max && !this.#isWaitedFor ? this.#connect() : undefined
  }

  /** Takes back a connection that can carry another request. */
  release(connection: UpstreamConnection): void {
    connection.finish()
    if (this.#closed || !connection.usable) {
      connection.destroy()
      return
    }
    if (this.#isWaitedFor) {
      this.queue?.releaseFirst(connection)
      return
    }
    this.#idle.push({ connection, since: performance.now() })
    this.#sweeper ??= setInterval(() => this.#sweep(), this.#idleMs / 3).unref()
  }

  /** Closes idle connections: when one of them was found closed, the others most often are, too. */
  discardIdle(): void {
    for (const { connection } of this.#idle.splice(0)) connection.destroy()
  }

  /** Closes idle connections now, and busy ones when their answer is whole. Nobody waits any longer. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#pause)
    this.dismiss()
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
    this.discardIdle()
  }

  /** Whoever waits for a connection has to look elsewhere; nothing of his request was sent. */
  dismiss(): void {
    const why = `${addressText(this.#address)} had no connection free`
    this.queue?.rejectAll(new UpstreamError('UP_ERR_UPSTREAM_CLOSED', why))
  }

  get #isWaitedFor(): boolean {
    return this.queue !== undefined && this.queue.size > 0
  }

  /** New connections for those that wait, in place of others that have gone. */
  #replace(): void {
    clearTimeout(this.#pause)
    this.#pause = undefined
    while (this.#isWaitedFor && this.#all.size < this.#max) this.queue?.releaseFirst(this.#connect())
  }

  #connect(): UpstreamConnection {
    const connection = new UpstreamConnection(this.#address, this.#timeoutMs, this.#connectTimeoutMs)
    this.#all.add(connection)
    connection.onClose = () => this.#forget(connection)
    return connection
  }

  #sweep(): void {
    const oldest = performance.now() - this.#idleMs
    const fresh = this.#idle.findIndex(entry => entry.since > oldest)
    for (const { connection } of this.#idle.splice(0, fresh === -1 ? this.#idle.length : fresh))
      connection.destroy()
    if (this.#idle.length > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #forget(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.findIndex(entry => entry.connection === connection)
    if (at !== -1) this.#idle.splice(at, 1)
    if (this.#all.size === 0) this.onEmpty?.()
    if (!this.#isWaitedFor) return
    if (connection.broken) this.#pause ??= setTimeout(() => this.#replace(), BROKEN_PAUSE_MS)
    else if (this.#pause === undefined) this.#replace()
  }
}
