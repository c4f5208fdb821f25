import type { Policy, Visit } from '../balance/policy.js'
import type { Upstream } from '../proxy/upstream.js'
import type { Backend } from './backend.js'

/** Read whenever it counts, so it may change meanwhile. */
export interface RotationLimits {
  /** How many connections each upstream has at most. */
  readonly maxConnections: number
}

/** The backends that take requests, each with its upstream; a policy says whose turn it is. */
export class Rotation<B extends Backend> {
  readonly #policy: Policy<B>
  readonly #limits: RotationLimits
  readonly #upstreams = new Map<B, Upstream>()

  constructor(policy: Policy<B>, limits: RotationLimits) {
    this.#policy = policy
    this.#limits = limits
  }

  get upstreams(): Iterable<Upstream> {
    return this.#upstreams.values()
  }

  upstreamOf(backend: B): Upstream | undefined {
    return this.#upstreams.get(backend)
  }

  add(backend: B, upstream: Upstream): void {
    this.#upstreams.get(backend)?.close()
    this.#upstreams.set(backend, upstream)
    this.#policy.add(backend)
  }

  /** Unless it has retired only, and the policy still needs it. */
  remove(backend: B): void {
    if (backend.serves && this.#policy.retire?.(backend) === true) return
    this.#policy.remove(backend)
    this.#upstreams.get(backend)?.close()
    this.#upstreams.delete(backend)
  }

  /** @returns undefined if none is available */
  select(avoid?: B, visit?: Visit): B | undefined {
    for (;;) {
      const turn = this.#policy.select(avoid, visit)
      // A policy that looked at the request means this one, and it waits there. Any other had better
      // send it where there is room; where there is none, it waits in the line of the one whose turn it is.
      const isFull = turn !== undefined && visit === undefined && turn.inFlight >= this.#limits.maxConnections
      const backend = (isFull ? this.#withRoom(turn, avoid) : undefined) ?? turn
      // What says here that it takes none any more is no candidate by now.
      if (backend?.verify?.() !== false) return backend
    }
  }

  /** The one of the same rank with the fewest requests, if one has a connection free. */
  #withRoom(turn: B, avoid: B | undefined): B | undefined {
    let best: B | undefined
    let fewest = this.#limits.maxConnections
    for (const backend of this.#upstreams.keys()) {
      if (backend === avoid || backend.inFlight >= fewest || backend.backup !== turn.backup) continue
      best = backend
      fewest = backend.inFlight
    }
    return best
  }
}
