import type { Duplex } from 'node:stream'
import type { Visit } from '../balance/policy.js'
import type { UpError } from '../errors.js'
import type { Outcome } from '../proxy/outcome.js'
import type { Upstream } from '../proxy/upstream.js'

/** What counts as in flight, each kind apart. */
export type Kind = 'request' | 'upgrade'

/**
 * Forwards to an upstream.
 *
 * @param onAnswered called when an upgrade is answered, and goes on as something else
 */
export type Forward<B> = (upstream: Upstream, onAnswered: () => void, backend: B) => Promise<Outcome>

/** A request that tells its outcome by a call instead of a promise. */
export interface DirectRequest<B> {
  readonly client: Duplex
  forward(upstream: Upstream, settle: (outcome: Outcome) => void, backend: B): void
  /** Called whenever it begins to wait. */
  onHold?(): void
  /** @param error why it failed, if the client is to know */
  done(error?: UpError): void
}

/** A request or an upgrade that looks for its backend. */
export interface Job<B> {
  readonly kind: Kind
  readonly client: Duplex
  readonly forward: Forward<B>
  /** As the dispatcher made it. */
  readonly visit?: Visit | undefined
  /** Called whenever it begins to wait. */
  readonly onHold?: () => void
}

/** How it looks for its backend this time. */
export interface Turn<B> {
  /** When it came, by `performance.now()`. */
  readonly arrived: number
  /** Who has failed it before. */
  readonly avoid: B | undefined
  /** Whether somebody may have begun to answer it before. */
  readonly repeated: boolean
  /** Whether it has waited at the gate until its turn came. */
  readonly isItsTurn: boolean
}

/** What came of it at one backend. */
export interface Attempt<B> {
  readonly backend: B
  readonly outcome: Outcome
}
