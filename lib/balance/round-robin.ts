import type { Candidate, Policy } from './policy.js'

/** Each in turn. The order survives that others come and go: nobody is skipped, nobody has two turns. */
export class RoundRobin<C extends Candidate> implements Policy<C> {
  readonly needsRequest = false
  /** A ring: the one whose turn is next is at `#next`, the one that had its turn last before it. */
  readonly #ring: C[] = []
  #next = 0

  get size(): number {
    return this.#ring.length
  }

  add(candidate: C): void {
    if (this.#ring.includes(candidate)) return
    this.#ring.splice(this.#next++, 0, candidate)
    this.#wrap()
  }

  remove(candidate: C): void {
    const at = this.#ring.indexOf(candidate)
    if (at === -1) return
    this.#ring.splice(at, 1)
    if (at < this.#next) this.#next--
    this.#wrap()
  }

  select(avoid?: C): C | undefined {
    const chosen = this.#ring[this.#next]
    if (chosen !== undefined && chosen === avoid && this.#ring.length > 1) return this.#secondNext()
    this.#next++
    this.#wrap()
    return chosen
  }

  /** The one that is avoided keeps its turn, the one behind it has had its own. */
  #secondNext(): C | undefined {
    const chosen = this.#ring[this.#next + 1] ?? this.#ring[0]
    if (chosen === undefined) return undefined
    this.remove(chosen)
    this.add(chosen)
    return chosen
  }

  #wrap(): void {
    if (this.#next >= this.#ring.length) this.#next = 0
  }
}
