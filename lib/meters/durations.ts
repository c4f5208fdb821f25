import { createHistogram } from 'node:perf_hooks'

/** Some 19 hours, in microseconds: what takes longer counts as that. */
const LONGEST_US = 2 ** 36
/** Two figures are right: more would take ten times the memory. */
const FIGURES = 2

/** How long things took: for percentiles, in some 60 kB, which do not grow. To make one takes longer than to add to it. */
export class Durations {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: FIGURES })

  get count(): number {
    return this.#histogram.count
  }

  add(ms: number): void {
    // It takes whole numbers from 1.
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1000))))
  }

  addAll(other: Durations): void {
    if (other.count > 0) this.#histogram.add(other.#histogram)
  }

  clear(): void {
    this.#histogram.reset()
  }

  /** In milliseconds: so many of 100 took no longer, give or take one in a hundred. Undefined without any. */
  percentile(of100: number): number | undefined {
    return this.count === 0 ? undefined : this.#histogram.percentile(of100) / 1000
  }
}
