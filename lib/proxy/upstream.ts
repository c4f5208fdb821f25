import type { Address } from './address.js'
import { ConnectionPool, type PoolOptions } from './connection-pool.js'

export interface UpstreamOptions extends PoolOptions {
  /** Name of the secret field by which a worker learns its client. */
  readonly clientField?: string | undefined
  /** Our name in the Via fields of what passes by here; undefined for no such field. */
  readonly via?: string | undefined
  /** The Host that it gets; undefined: the client's. */
  readonly host?: string | undefined
}

/** An address that requests are forwarded to, with its pool of connections. */
export class Upstream {
  readonly address: Address
  readonly clientField: string | undefined
  readonly timeoutMs: number
  readonly via: string | undefined
  readonly host: string | undefined
  /** How long a connection may take to stand, in milliseconds; 0 is no limit. */
  readonly connectTimeoutMs: number
  readonly pool: ConnectionPool

  constructor(address: Address, options: UpstreamOptions) {
    this.address = address
    this.clientField = options.clientField
    this.timeoutMs = options.timeoutMs
    this.via = options.via
    this.host = options.host
    this.connectTimeoutMs = options.connectTimeoutMs ?? options.timeoutMs
    this.pool = new ConnectionPool(address, options)
  }

  /** Gives up idle connections; what is in flight goes on. */
  close(): void {
    this.pool.close()
  }
}
