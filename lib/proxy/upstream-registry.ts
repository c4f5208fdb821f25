import { addressText, type Address } from './address.js'
import { SocketFile } from './socket-file.js'
import { Upstream } from './upstream.js'

interface Known {
  readonly upstream: Upstream
  /** Where it is a UNIX socket. */
  readonly file: SocketFile | undefined
}

/** The upstreams that middleware named by address; each is forgotten with its last connection. */
export class UpstreamRegistry {
  readonly #timeoutMs: number
  readonly #via: string | undefined
  readonly #byAddress = new Map<string, Known>()

  /**
   * @param timeoutMs the longest silence of an upstream, in milliseconds; 0 is no limit
   * @param via our name in Via fields, if they are to have it
   */
  constructor(timeoutMs: number, via: string | undefined) {
    this.#timeoutMs = timeoutMs
    this.#via = via
  }

  get(address: Address): Upstream {
    const key = addressText(address)
    const known = this.#byAddress.get(key)
    if (known !== undefined) {
      if (known.file?.look() !== 'other') return known.upstream
      // Another server's socket was moved there: connections that stand lead to the old one.
      known.upstream.close()
    }
    const upstream = new Upstream(address, { timeoutMs: this.#timeoutMs, via: this.#via, isForeign: true })
    upstream.pool.onEmpty = () => {
      if (this.#byAddress.get(key)?.upstream === upstream) this.#byAddress.delete(key)
    }
    const { socketPath } = address
    const file = socketPath === undefined ? undefined : new SocketFile(socketPath)
    this.#byAddress.set(key, { upstream, file })
    return upstream
  }

  close(): void {
    for (const { upstream } of this.#byAddress.values()) upstream.close()
    this.#byAddress.clear()
  }
}
