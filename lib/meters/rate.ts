/** What counts as recent: so many whole seconds. */
const SPAN_S = 5
/** One more for the second that is not over yet. */
const SLOTS = SPAN_S + 1

/** How many come in a second, over the last five whole seconds; in memory that does not grow. */
export class Rate {
  readonly #counts = Array<number>(SLOTS).fill(0)
  #second: number
  readonly #first: number

  /** @param now by `performance.now()`, as everywhere here */
  constructor(now = performance.now()) {
    this.#first = this.#second = secondOf(now)
  }

  add(now: number, count = 1): void {
    const second = secondOf(now)
    if (second !== this.#second) this.#turn(second)
    const at = second % SLOTS
    this.#counts[at] = (this.#counts[at] ?? 0) + count
  }

  perSecond(now = performance.now()): number {
    const second = secondOf(now)
    if (second !== this.#second) this.#turn(second)
    const present = this.#counts[second % SLOTS] ?? 0
    // In its first second there is nothing else.
    if (second === this.#first) return present
    const sum = this.#counts.reduce((all, count) => all + count) - present
    return sum / Math.min(SPAN_S, second - this.#first)
  }

  #turn(second: number): void {
    for (let i = Math.max(this.#second + 1, second - SPAN_S); i <= second; i++) this.#counts[i % SLOTS] = 0
    this.#second = second
  }
}

function secondOf(now: number): number {
  return (now / 1000) | 0
}
