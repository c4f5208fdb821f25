import type { Candidate, Policy } from './policy.js'

interface Place<C> {
  readonly candidate: C
  readonly weight: number
  /** What it is owed, in turns times the sum of all weights. Only differences between places mean something. */
  credit: number
}

/**
 * Each in turn, as often as its weight says, and as evenly as can be: the smooth weighted round-robin of
 * nginx. At each turn everybody earns their weight, and whoever has most pays what all have earned.
 *
 * A turn costs as much as there are candidates and weights, so when these change the credits are changed
 * in proportion: else what a light one had saved up beside a heavy one would be a burst of turns without
 * it. Whoever comes is owed nothing, and stands where the last one stands: to leave and come back gains
 * nobody a turn.
 */
export class WeightedRoundRobin<C extends Candidate> implements Policy<C> {
  readonly needsRequest = false
  /** Whoever had a turn stands at the end, so ties go to the one that waits longest. */
  readonly #queue: Place<C>[] = []
  /** The sum of all weights. */
  #total = 0

  get size(): number {
    return this.#queue.length
  }

  add(candidate: C): void {
    if (this.#placeOf(candidate) !== undefined) return
    const { weight } = candidate
    this.#scale(this.#total + weight)
    this.#queue.push({ candidate, weight, credit: 0 })
  }

  remove(candidate: C): void {
    const gone = this.#placeOf(candidate)
    if (gone === undefined) return
    this.#queue.splice(this.#queue.indexOf(gone), 1)
    this.#scale(this.#total - gone.weight)
  }

  select(avoid?: C): C | undefined {
    const first = this.#richest()
    const chosen = first?.candidate === avoid ? (this.#richest(first) ?? first) : first
    if (first === undefined || chosen === undefined) return undefined
    for (const place of this.#queue) place.credit += place.weight
    // The one that is avoided keeps its turn, but no more than that, however often it is avoided.
    if (first !== chosen) first.credit = Math.min(first.credit, chosen.credit)
    chosen.credit -= this.#total
    this.#queue.splice(this.#queue.indexOf(chosen), 1)
    this.#queue.push(chosen)
    return chosen.candidate
  }

  #placeOf(candidate: C): Place<C> | undefined {
    return this.#queue.find(place => place.candidate === candidate)
  }

  /** Whose turn it is: who has most, with what this turn earns them. */
  #richest(but?: Place<C>): Place<C> | undefined {
    let richest: Place<C> | undefined
    let most = -Infinity
    for (const place of this.#queue) {
      const credit = place.credit + place.weight
      if (place === but || credit <= most) continue
      richest = place
      most = credit
    }
    return richest
  }

  /** In whole numbers, rounded down: so ties stay ties, and nobody overtakes. The least becomes 0. */
  #scale(total: number): void {
    const least = Math.min(...this.#queue.map(({ credit }) => credit))
    for (const place of this.#queue) {
      place.credit = Math.floor(((place.credit - least) * total) / this.#total)
    }
    this.#total = total
  }
}
