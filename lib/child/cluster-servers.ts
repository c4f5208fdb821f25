import cluster from 'node:cluster'
import type { EventEmitter } from 'node:events'

/** What a process that the app forked by node:cluster asks its primary for, to listen. */
interface Query {
  readonly act?: unknown
  readonly address?: unknown
  readonly port?: unknown
  /** Of TLS servers: the keys of their tickets. */
  readonly data?: unknown
}

/**
 * Knows the servers by which the primary of node:cluster, in this process, accepts connections for the processes
 * that it forked: plain net servers, which do not tell what those speak.
 */
export class ClusterServers {
  readonly #http = new Set<string>()

  constructor() {
    cluster.on('fork', worker => {
      // An event of Node's own, which its types leave out.
      const events: EventEmitter = worker.process
      // In front of the primary's own listener, which listens in the same tick.
      events.prependListener('internalMessage', (message: unknown) => this.#onMessage(message))
    })
  }

  /** Whether a net server that listens there takes connections of HTTP, as far as can be told: without TLS. */
  speaksHttp(address: string | null, port: number | null): boolean {
    return this.#http.has(keyOf(address, port))
  }

  #onMessage(message: unknown): void {
    const { act, address, port, data } = (message ?? {}) as Query
    if (act === 'queryServer' && data == null) this.#http.add(keyOf(address, port))
  }
}

function keyOf(address: unknown, port: unknown): string {
  return JSON.stringify([address ?? null, port])
}
