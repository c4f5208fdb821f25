import { isLessLoaded } from './load.js'
import type { Candidate, Policy } from './policy.js'

/**
 * Of two at random, the one that has less in flight for its weight. Nearly as even as looking at all of them, without
 * several masters crowding upon the same worker (Mitzenmacher, "The Power of Two Choices").
 */
export class RandomTwo<C extends Candidate> implements Policy<C> {
  readonly needsRequest = false
  readonly #candidates: C[] = []
  readonly #random: () => number

  /** @param random from 0 to less than 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  get size(): number {
    return this.#candidates.length
  }

  add(candidate: C): void {
    if (!this.#candidates.includes(candidate)) this.#candidates.push(candidate)
  }

  remove(candidate: C): void {
    const at = this.#candidates.indexOf(candidate)
    if (at !== -1) this.#candidates.splice(at, 1)
  }

  select(avoid?: C): C | undefined {
    const { length } = this.#candidates
    if (length < 2) return this.#candidates[0]
    const at = this.#below(length)
    // The other one is any but the first: so it takes one draw, and never the same.
    const other = (at + 1 + this.#below(length - 1)) % length
    const a = this.#candidates[at]
    const b = this.#candidates[other]
    if (a === avoid) return b
    if (b === avoid || a === undefined || b === undefined) return a
    return isLessLoaded(b, a) ? b : a
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count)
  }
}
