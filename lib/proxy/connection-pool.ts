import type { Address } from './address.js'
import { UpstreamConnection } from './connection.js'

/** An idle connection is closed after so long: well before a worker would close it (see lib/child). */
export const POOL_IDLE_MS = 15_000

/** The connections to one upstream: busy ones, and idle ones that wait for the next request. */
export class ConnectionPool {
  readonly #address: Address
  readonly #timeoutMs: number
  readonly #idle: { connection: UpstreamConnection; since: number }[] = []
  readonly #all = new Set<UpstreamConnection>()
  #sweeper: NodeJS.Timeout | undefined
  #closed = false
  /** Called whenever the last connection has gone. */
  onEmpty: (() => void) | undefined

  constructor(address: Address, timeoutMs: number) {
    this.#address = address
    this.#timeoutMs = timeoutMs
  }

  /** An idle connection, the one used last first, or a new one. */
  acquire(): UpstreamConnection {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      if (entry.connection.usable) return entry.connection
    }
    const connection = new UpstreamConnection(this.#address, this.#timeoutMs)
    this.#all.add(connection)
    connection.onClose = () => this.#forget(connection)
    return connection
  }

  /** Takes back a connection that can carry another request. */
  release(connection: UpstreamConnection): void {
    connection.finish()
    if (this.#closed || !connection.usable) {
      connection.destroy()
      return
    }
    this.#idle.push({ connection, since: performance.now() })
    this.#sweeper ??= setInterval(() => this.#sweep(), POOL_IDLE_MS / 3).unref()
  }

  /** Closes idle connections: when one of them was found closed, the others most often are, too. */
  discardIdle(): void {
    for (const { connection } of this.#idle.splice(0)) connection.destroy()
  }

  /** Closes idle connections now, and busy ones when their answer is whole. */
  close(): void {
    this.#closed = true
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
    this.discardIdle()
  }

  #sweep(): void {
    const oldest = performance.now() - POOL_IDLE_MS
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
  }
}
