import type { AnswerReport } from '../worker/handoff-messages.js'

/** The upper bounds of the histogram of durations, in seconds: Prometheus' usual ones, and two for what is fast. */
export const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
const BOUNDS_MS = BOUNDS_S.map(bound => bound * 1000)

/** What somebody answered, in numbers that only grow. */
export class Counts {
  /** How many, by the first figure of the status. */
  readonly classes = [0, 0, 0, 0, 0, 0]
  /** How many by duration: one for each of {@link BOUNDS_S}, and one for those that took longer. */
  readonly buckets = Array<number>(BOUNDS_S.length + 1).fill(0)
  /** Of all, in whole microseconds: so that sums and differences of sums are exact. */
  sumUs = 0
  /** Those with a status of 500 and more, and those that were broken off. */
  errors = 0
  /** Requests that were taken, and had no answer. */
  unanswered = 0

  get count(): number {
    return this.classes.reduce((sum, count) => sum + count)
  }

  addCounts(other: Counts): void {
    this.addClasses(other.classes)
    for (const [at, count] of other.buckets.entries()) this.buckets[at] = (this.buckets[at] ?? 0) + count
    this.sumUs += other.sumUs
    this.errors += other.errors
    this.unanswered += other.unanswered
  }

  protected addClasses(classes: AnswerReport['classes']): void {
    for (const [figure, count] of classes.entries())
      this.classes[figure] = (this.classes[figure] ?? 0) + count
  }

  /** @param count how many took so long */
  protected addDuration(tookMs: number, count: number): void {
    this.sumUs += Math.round(tookMs * 1000) * count
    let at = 0
    while (tookMs > (BOUNDS_MS[at] ?? Infinity)) at++
    this.buckets[at] = (this.buckets[at] ?? 0) + count
  }
}
