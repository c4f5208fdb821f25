/** What a policy may know of an upstream that it can choose. */
export interface Candidate {
  /** Requests that it is answering. */
  readonly inFlight: number
  readonly upgrades: number
}

/** Chooses the upstream of each request among those that are available. */
export interface Policy<C extends Candidate> {
  add(candidate: C): void
  remove(candidate: C): void
  /**
   * The candidate for the next request; undefined if there is none.
   *
   * @param avoid one that has just failed: chosen only where there is no other
   */
  select(avoid?: C): C | undefined
}
