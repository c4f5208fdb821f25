import { createHistogram } from 'node:perf_hooks'

/** Counts answers. */
export class Tally {
  readonly #latency = createHistogram()
  #requests = 0
  #errors = 0

  get requests(): number {
    return this.#requests
  }

  /** Answers with a status of 500 and more. */
  get errors(): number {
    return this.#errors
  }

  /** 0 without requests. */
  get errorRate(): number {
    return this.#requests === 0 ? 0 : this.#errors / this.#requests
  }

  /** 99 of 100 requests took no longer than this, in milliseconds, from their head to the end of the answer. */
  get p99Ms(): number {
    return this.#requests === 0 ? 0 : this.#latency.percentile(99) / 1000
  }

  add(status: number, tookMs: number): void {
    this.#requests++
    if (status >= 500) this.#errors++
    // It takes whole numbers from 1.
    this.#latency.record(Math.max(1, Math.round(tookMs * 1000)))
  }
}
