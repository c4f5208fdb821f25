import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** How often a host's name is resolved again, in milliseconds. */
const RESOLVE_MS = 5000

/** The addresses of a host's name, which may change: the system does not tell how long they hold. */
export class HostAddresses {
  readonly #host: string
  readonly #onGone: () => void
  readonly #timer: NodeJS.Timeout | undefined
  #known: ReadonlySet<string> | undefined
  #isAsking = false

  /** @param onGone told when an address that it had is none of its any more */
  constructor(host: string, onGone: () => void, everyMs = RESOLVE_MS) {
    this.#host = host
    this.#onGone = onGone
    if (isIP(host) !== 0) return
    this.#timer = setInterval(() => void this.#resolve(), everyMs).unref()
    void this.#resolve()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #resolve(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const found = new Set((await lookup(this.#host, { all: true })).map(({ address }) => address))
      const before = this.#known
      this.#known = found
      if (before !== undefined && [...before].some(address => !found.has(address))) this.#onGone()
    } catch {
      // Who cannot be asked now says nothing about the connections that stand.
    } finally {
      this.#isAsking = false
    }
  }
}
