import type { Candidate, Policy, Visit } from './policy.js'

/** A candidate that may be there for others only. */
export interface BackupCandidate extends Candidate {
  /** It is chosen only while there is no other. Default false. */
  readonly backup?: boolean
}

/**
 * Two policies: one for those that serve, and one for those that take over while none of them is there, or
 * while the only one has just failed the request at hand.
 *
 * Both are of one kind, since they share what the visit is bound by: a client that is known to one is known
 * to the other.
 */
export class WithBackups<C extends BackupCandidate> implements Policy<C> {
  readonly needsRequest: boolean
  readonly #first: Policy<C>
  readonly #backups: Policy<C>

  constructor(first: Policy<C>, backups: Policy<C>) {
    this.#first = first
    this.#backups = backups
    this.needsRequest = first.needsRequest || backups.needsRequest
  }

  get size(): number {
    return this.#first.size === 0 ? this.#backups.size : this.#first.size
  }

  add(candidate: C): void {
    this.#policyOf(candidate).add(candidate)
  }

  remove(candidate: C): void {
    this.#policyOf(candidate).remove(candidate)
  }

  retire(candidate: C): boolean {
    return this.#policyOf(candidate).retire?.(candidate) ?? false
  }

  select(avoid?: C, visit?: Visit): C | undefined {
    // Also where none is left of the first: a retired one may still have clients that are bound to it.
    const chosen = this.#first.select(avoid, visit)
    if (chosen !== undefined && (chosen !== avoid || this.#backups.size === 0)) return chosen
    return this.#backups.select(avoid, visit) ?? chosen
  }

  end(visit: Visit): void {
    this.#first.end?.(visit)
    this.#backups.end?.(visit)
  }

  #policyOf({ backup = false }: C): Policy<C> {
    return backup ? this.#backups : this.#first
  }
}
