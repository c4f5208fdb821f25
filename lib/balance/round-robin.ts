import type { Candidate, Policy } from './policy.js'

/** Each in turn. The order survives that others come and go: nobody is skipped, nobody has two turns. */
export class RoundRobin<C extends Candidate> implements Policy<C> {
  /** The next one first. */
  readonly #order: C[] = []

  add(candidate: C): void {
    if (!this.#order.includes(candidate)) this.#order.push(candidate)
  }

  remove(candidate: C): void {
    const at = this.#order.indexOf(candidate)
    if (at !== -1) this.#order.splice(at, 1)
  }

  select(avoid?: C): C | undefined {
    const at = this.#order[0] === avoid && this.#order.length > 1 ? 1 : 0
    const [chosen] = this.#order.splice(at, 1)
    if (chosen !== undefined) this.#order.push(chosen)
    return chosen
  }
}
