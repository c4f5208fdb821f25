import { addressText, type Address } from './address.js'
import { Upstream } from './upstream.js'

/** The upstreams that middleware named by address; each is forgotten with its last connection. */
export class UpstreamRegistry {
  readonly #timeoutMs: number
  readonly #via: string | undefined
  readonly #byAddress = new Map<string, Upstream>()

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
    if (known !== undefined) return known
    const upstream = new Upstream(address, { timeoutMs: this.#timeoutMs, via: this.#via })
    upstream.pool.onEmpty = () => this.#byAddress.delete(key)
    this.#byAddress.set(key, upstream)
    return upstream
  }

  close(): void {
    for (const upstream of this.#byAddress.values()) upstream.close()
    this.#byAddress.clear()
  }
}
