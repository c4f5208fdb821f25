import { hashOf, mix } from './hash.js'
import { addCookie, type Candidate, type Policy, type Visit } from './policy.js'
import type { StickyCookie } from './sticky-cookie.js'

/** A generation that gets a share of the clients. */
interface Trial {
  readonly generation: number
  readonly share: number
}

/**
 * Parts the clients between the candidates that serve and a new generation that is tried, each with a policy of
 * its own. Without a trial it is the one policy.
 *
 * A client is known by a cookie, and a hash of it decides: so he stays on his side as long as the trial lasts, and
 * the next one tries others. Where his side has no candidate, the other serves him.
 */
export class CanarySplit<C extends Candidate> implements Policy<C> {
  readonly #makePolicy: () => Policy<C>
  readonly #cookie: StickyCookie
  readonly #serving: Policy<C>
  #canary: Policy<C>
  /** Candidates of the canary, until it serves or they are gone. */
  readonly #tried = new Set<C>()
  #trial: Trial | undefined

  /** @param makePolicy all that it makes know a client by the same name */
  constructor(makePolicy: () => Policy<C>, cookie: StickyCookie) {
    this.#makePolicy = makePolicy
    this.#cookie = cookie
    this.#serving = makePolicy()
    this.#canary = makePolicy()
  }

  get needsRequest(): boolean {
    return this.#trial !== undefined || this.#serving.needsRequest
  }

  get size(): number {
    return this.#serving.size + (this.#trial === undefined ? 0 : this.#canary.size)
  }

  /**
   * Candidates of this generation, which are still to come, get a share of the clients.
   *
   * @param share more than 0, less than 1
   */
  begin(generation: number, share: number): void {
    this.#canary = this.#makePolicy()
    this.#trial = { generation, share }
  }

  /** The trial is over, and its generation serves as the others do. */
  accept(): void {
    this.#trial = undefined
    if (this.#serving.adopt !== undefined) this.#serving.adopt(this.#canary)
    else for (const candidate of this.#tried) this.#serving.add(candidate)
    this.#tried.clear()
  }

  /** The trial is over, and its generation gets nothing any more. */
  reject(): void {
    this.#trial = undefined
  }

  add(candidate: C): void {
    if (candidate.generation !== this.#trial?.generation) return this.#serving.add(candidate)
    this.#tried.add(candidate)
    this.#canary.add(candidate)
  }

  remove(candidate: C): void {
    if (this.#tried.delete(candidate)) this.#canary.remove(candidate)
    else this.#serving.remove(candidate)
  }

  retire(candidate: C): boolean {
    return !this.#tried.has(candidate) && this.#serving.retire?.(candidate) === true
  }

  select(avoid?: C, visit?: Visit): C | undefined {
    const trial = this.#trial
    if (trial === undefined) return this.#serving.select(avoid, visit)
    // What came before the trial began is not parted.
    const isTried = visit !== undefined && (visit.canary ??= this.#isTried(visit, trial))
    const [side, other] = isTried ? [this.#canary, this.#serving] : [this.#serving, this.#canary]
    const chosen = side.select(avoid, visit) ?? other.select(avoid, visit)
    if (visit !== undefined) visit.generation = chosen?.generation
    return chosen
  }

  /** What the visit is bound by, it brings along: so either policy may end it. */
  end(visit: Visit): void {
    this.#serving.end?.(visit)
  }

  #isTried(visit: Visit, { generation, share }: Trial): boolean {
    return mix(hashOf(this.#idOf(visit)) ^ mix(generation)) < share * 2 ** 32
  }

  #idOf(visit: Visit): string {
    const known = this.#cookie.read(visit.req)
    if (known !== undefined) return known
    const { id, setCookie } = this.#cookie.issue(visit.req)
    addCookie(visit, setCookie)
    return id
  }
}
