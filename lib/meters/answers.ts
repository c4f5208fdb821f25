import type { AnswerReport } from '../worker/handoff-messages.js'
import { Counts } from './counts.js'
import { Durations } from './durations.js'

/** What counts as recent is what came in the present and the last span of so many milliseconds. */
const SPAN_MS = 5000

/** What somebody answered: how much, with what, and how fast. */
export class Answers extends Counts {
  #present = new Durations()
  #last = new Durations()
  #begun = performance.now()

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
    this.#addRecent(tookMs, 1, now)
  }

  /** What a worker has counted. */
  addReport({ classes, took }: AnswerReport, now: number): void {
    this.addClasses(classes)
    this.errors += classes[5] ?? 0
    for (const [tookMs, count] of took) this.#addRecent(tookMs, count, now)
  }

  /** @param now by `performance.now()` */
  addAll(other: Answers, now: number): void {
    this.addCounts(other)
    other.addRecentTo(this.#present, now)
  }

  /** Adds how long those of the last 5 to 10 seconds took. */
  addRecentTo(durations: Durations, now: number): void {
    if (now - this.#begun > SPAN_MS) this.#turn(now)
    durations.addAll(this.#last)
    durations.addAll(this.#present)
  }

  #addRecent(tookMs: number, count: number, now: number): void {
    this.addDuration(tookMs, count)
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
