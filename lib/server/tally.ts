import { Durations } from '../meters/durations.js'

/** Counts answers. */
export class Tally {
  readonly #durations = new Durations()
  #errors = 0

  get requests(): number {
    return this.#durations.count
  }

  /** Answers with a status of 500 and more. */
  get errors(): number {
    return this.#errors
  }

  /** 0 without requests. */
  get errorRate(): number {
    return this.requests === 0 ? 0 : this.#errors / this.requests
  }

  /** 99 of 100 requests took no longer than this, in milliseconds, from their head to the end of the answer. */
  get p99Ms(): number {
    return this.#durations.percentile(99) ?? 0
  }

  add(status: number, tookMs: number): void {
    if (status >= 500) this.#errors++
    this.#durations.add(tookMs)
  }
}
