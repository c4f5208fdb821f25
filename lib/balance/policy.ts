import type { IncomingMessage } from 'node:http'
import type { Candidate } from '../options/balance.js'

export type { Candidate } from '../options/balance.js'

/** One request or upgrade from its arrival to its end, for policies that look at it. */
export interface Visit {
  readonly req: IncomingMessage
  readonly upgrade: boolean
  /** The policy's: what the client is bound by, once it has asked. */
  binding?: unknown
  /** The policy's: each Set-Cookie that the answer is to carry. */
  setCookies?: string[] | undefined
  /** While there is a canary: whether the request is one of its share. */
  canary?: boolean
  /** While there is a canary: the generation of the candidate that was chosen last. */
  generation?: number | undefined
}

/** Has the answer set a cookie. */
export function addCookie(visit: Visit, setCookie: string): void {
  ;(visit.setCookies ??= []).push(setCookie)
}

/** Chooses the worker of each request among those that are available. */
export interface Policy<C extends Candidate> {
  /**
   * Whether it looks at the request. Such a policy wants a {@link Visit}, and means the worker that it
   * chooses; the others take any, and can be asked before there is a request as an object.
   */
  readonly needsRequest: boolean
  /** How many it can choose among. */
  readonly size: number
  add(candidate: C): void
  remove(candidate: C): void
  /** One leaves, but still serves: returns whether it is to, for those that are bound to it. */
  retire?(candidate: C): boolean
  /** Takes over the candidates of another policy of the same kind, with those that are bound to them. */
  adopt?(other: this): void
  /**
   * The candidate for the next request; undefined if there is none. A visit that it was given ends with
   * {@link end}.
   *
   * @param avoid one that has just failed: chosen only where there is no other
   * @throws {UpError} `UP_ERR_BALANCE`: the user's own function threw, or returned what it must not
   */
  select(avoid?: C, visit?: Visit): C | undefined
  /** The visit is over: also one that chose nobody. */
  end?(visit: Visit): void
}
