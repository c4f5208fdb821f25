/** Buckets for each doubling: what is read is at most 4.5 % off. */
const STEPS = 8
/** From 1 us to some 19 hours. */
const SIZE = 36 * STEPS

/** How long things took: for percentiles, in memory that does not grow. */
export class Durations {
  readonly #counts = new Uint32Array(SIZE)
  #total = 0

  get count(): number {
    return this.#total
  }

  add(ms: number): void {
    // Below 1 us there is nothing to tell apart.
    const at = ms <= 0.001 ? 0 : Math.min(SIZE - 1, (Math.log2(ms * 1000) * STEPS) | 0)
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#total++
  }

  addAll(other: Durations): void {
    for (const [at, count] of other.#counts.entries()) this.#counts[at] = (this.#counts[at] ?? 0) + count
    this.#total += other.#total
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** In milliseconds: so many of 100 took no longer, give or take the width of a bucket. Undefined without any. */
  percentile(of100: number): number | undefined {
    if (this.#total === 0) return undefined
    let left = Math.max(1, Math.ceil((this.#total * of100) / 100))
    const at = this.#counts.findIndex(count => (left -= count) <= 0)
    return 2 ** ((at + 0.5) / STEPS) / 1000
  }
}
