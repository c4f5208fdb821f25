import type { AnswerReport } from '../worker/handoff-messages.js'
import { Durations } from './durations.js'

/** The upper bounds of the histogram of durations, in seconds: Prometheus' usual ones, and two for what is fast. */
export const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
const BOUNDS_MS = BOUNDS_S.map(bound => bound * 1000)
/** What counts as recent is what came in the present and the last span of so many milliseconds. */
const SPAN_MS = 5000

/** What somebody answered: how much, with what, and how fast. */
export class Answers {
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
  #present = new Durations()
  #last = new Durations()
  #begun = performance.now()

  get count(): number {
    return this.classes.reduce((sum, count) => sum + count)
  }

  /**
   * @param whole false: it was broken off
   * @param tookMs from the request's head to the end of the answer
   * @param now by `performance.now()`
   */
  add(status: number, whole: boolean, tookMs: number, now: number): void {
    // RFC 9110, section 15: what is above 599 is taken for a 5xx.
    const figure = Math.min((status / 100) | 0, 5)
    this.classes[figure] = (this.classes[figure] ?? 0) + 1
    if (status >= 500 || !whole) this.errors++
    this.#addDuration(tookMs, 1, now)
  }

  /** What a worker has counted. */
  addReport({ classes, took }: AnswerReport, now: number): void {
    this.#addClasses(classes)
    this.errors += classes[5] ?? 0
    for (const [tookMs, count] of took) this.#addDuration(tookMs, count, now)
  }

  addAll(other: Answers): void {
    this.#addClasses(other.classes)
    for (const [at, count] of other.buckets.entries()) this.buckets[at] = (this.buckets[at] ?? 0) + count
    this.sumUs += other.sumUs
    this.errors += other.errors
    this.unanswered += other.unanswered
    this.#present.addAll(other.recent)
  }

  /** How long the answers of the last 5 to 10 seconds took. */
  get recent(): Durations {
    const now = performance.now()
    if (now - this.#begun > SPAN_MS) this.#turn(now)
    const both = new Durations()
    both.addAll(this.#last)
    both.addAll(this.#present)
    return both
  }

  #addClasses(classes: readonly number[]): void {
    for (const [figure, count] of classes.entries())
      this.classes[figure] = (this.classes[figure] ?? 0) + count
  }

  #addDuration(tookMs: number, count: number, now: number): void {
    this.sumUs += Math.round(tookMs * 1000) * count
    let at = 0
    while (tookMs > (BOUNDS_MS[at] ?? Infinity)) at++
    this.buckets[at] = (this.buckets[at] ?? 0) + count
    if (now - this.#begun > SPAN_MS) this.#turn(now)
    this.#present.add(tookMs)
  }

  #turn(now: number): void {
    const isLong = now - this.#begun > 2 * SPAN_MS
    ;[this.#last, this.#present] = [this.#present, this.#last]
    this.#present.clear()
    if (isLong) this.#last.clear()
    this.#begun = now
  }
}
