import { show, UpError } from '../errors.js'
import type { ChooseWorker } from '../options/balance.js'
import type { Candidate, Policy, Visit } from './policy.js'
import { WeightedRoundRobin } from './weighted-round-robin.js'

/** The user's own function chooses. What it does wrong fails the one request, with `UP_ERR_BALANCE`. */
export class Custom<C extends Candidate> implements Policy<C> {
  readonly needsRequest = true
  readonly #choose: ChooseWorker
  /** Frozen: the function gets this very list. */
  #candidates: readonly C[] = Object.freeze([])
  /** Where nobody knows of a request, as in `nextWorker()`. */
  readonly #rotation = new WeightedRoundRobin<C>()

  constructor(choose: ChooseWorker) {
    this.#choose = choose
  }

  get size(): number {
    return this.#candidates.length
  }

  add(candidate: C): void {
    this.remove(candidate)
    this.#candidates = Object.freeze([...this.#candidates, candidate])
    this.#rotation.add(candidate)
  }

  remove(candidate: C): void {
    this.#candidates = Object.freeze(this.#candidates.filter(each => each !== candidate))
    this.#rotation.remove(candidate)
  }

  select(avoid?: C, visit?: Visit): C | undefined {
    if (visit === undefined || this.size === 0) return this.#rotation.select(avoid)
    const others = avoid === undefined ? this.#candidates : this.#candidates.filter(each => each !== avoid)
    const list = others.length === 0 ? this.#candidates : others
    const chosen = this.#ask(list, visit)
    const found = list.find(each => each === chosen)
    if (found === undefined) {
      const why = `the function of the option balance returned ${show(chosen)}, but must return a candidate`
      throw new UpError('UP_ERR_BALANCE', why)
    }
    return found
  }

  #ask(list: readonly C[], visit: Visit): unknown {
    try {
      return this.#choose(list, visit.req)
    } catch (cause) {
      throw new UpError('UP_ERR_BALANCE', `the function of the option balance threw: ${show(cause)}`, {
        cause
      })
    }
  }
}
