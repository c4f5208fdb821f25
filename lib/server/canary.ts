import type { ServerResponse } from 'node:http'
import type { Visit } from '../balance/policy.js'
import { UpError } from '../errors.js'
import type { Generation } from '../worker/generation.js'
import type { AutoAbort, CanaryStatus } from './api.js'
import { Tally } from './tally.js'

interface CanaryOptions {
  readonly share: number
  readonly autoAbort: AutoAbort | undefined
  /** It fails more often than it may. */
  readonly onFailing: (error: UpError) => void
}

/** A waiting generation that has a share of the clients: what became of their requests, and of the others'. */
export class Canary {
  readonly #options: CanaryOptions
  readonly #number: number
  readonly #servingNumber: number
  readonly #own = new Tally()
  readonly #serving = new Tally()

  constructor(generation: Generation, serving: Generation, options: CanaryOptions) {
    this.#number = generation.number
    this.#servingNumber = serving.number
    this.#options = options
  }

  get share(): number {
    return this.#options.share
  }

  get status(): CanaryStatus {
    return {
      share: this.share,
      ...describe(this.#number, this.#own),
      serving: describe(this.#servingNumber, this.#serving)
    }
  }

  /** Counts the request for the generation that had it last, by the status that the client gets. */
  watch(visit: Visit, res: ServerResponse): void {
    const since = performance.now()
    res.once('close', () => {
      // The client has left without an answer, or nobody had it.
      if (!res.headersSent || visit.generation === undefined) return
      const isOwn = visit.generation === this.#number
      const tally = isOwn ? this.#own : this.#serving
      tally.add(res.statusCode, performance.now() - since)
      if (isOwn) this.#judge()
    })
  }

  #judge(): void {
    const { autoAbort, onFailing } = this.#options
    if (autoAbort === undefined || this.#own.requests < autoAbort.requests) return
    // One stray error does not decide, where the others have none.
    const allowed = autoAbort.factor * Math.max(this.#serving.errorRate, 1 / autoAbort.requests)
    if (this.#own.errorRate <= allowed) return
    const own = figures(this.#own)
    const serving = `${figures(this.#serving)} of generation ${this.#servingNumber}`
    const limit = `autoAbort: factor ${autoAbort.factor}, over ${autoAbort.requests} requests`
    const why = `the canary, generation ${this.#number}, was aborted: ${own} failed, but ${serving} (${limit})`
    onFailing(new UpError('UP_ERR_CANARY', why))
  }
}

function describe(
  generation: number,
  { requests, errors, p99Ms }: Tally
): Omit<CanaryStatus, 'share' | 'serving'> {
  return { generation, requests, errors, p99Ms }
}

function figures({ requests, errors, errorRate }: Tally): string {
  return `${errors} of ${requests} requests (${(errorRate * 100).toFixed(2)} %)`
}
