import { isLessLoaded, loadOf } from './load.js'
import type { Candidate, Policy } from './policy.js'

/** The one that would have the fewest requests and upgrades in flight for its weight; among equals each in turn. */
export class LeastRequests<C extends Candidate> implements Policy<C> {
  readonly needsRequest = false
  readonly #ring: C[] = []
  /** Where the search begins: behind the one that was chosen last. */
  #next = 0
  #heaviest = 0

  get size(): number {
    return this.#ring.length
  }

  add(candidate: C): void {
    if (this.#ring.includes(candidate)) return
    this.#ring.push(candidate)
    this.#heaviest = Math.max(this.#heaviest, candidate.weight)
  }

  remove(candidate: C): void {
    const at = this.#ring.indexOf(candidate)
    if (at === -1) return
    this.#ring.splice(at, 1)
    if (at < this.#next) this.#next--
    this.#heaviest = Math.max(...this.#ring.map(({ weight }) => weight), 0)
  }

  select(avoid?: C): C | undefined {
    const { length } = this.#ring
    let least: C | undefined
    let leastAt = 0
    for (let i = 0, at = this.#next; i < length; i++, at++) {
      if (at >= length) at = 0
      const candidate = this.#ring[at]
      if (candidate === undefined || candidate === avoid) continue
      if (least !== undefined && !isLessLoaded(candidate, least)) continue
      least = candidate
      leastAt = at
      if (candidate.weight === this.#heaviest && loadOf(candidate) === 0) break
    }
    if (least === undefined) return this.#ring[0]
    this.#next = leastAt + 1
    return least
  }
}
