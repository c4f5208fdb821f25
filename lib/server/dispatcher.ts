import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createPolicy } from '../balance/create-policy.js'
import type { Policy, Visit } from '../balance/policy.js'
import { UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import { HoldQueue } from '../proxy/hold-queue.js'
import type { Outcome } from '../proxy/outcome.js'
import { Upstream } from '../proxy/upstream.js'
import type { Worker, WorkKind } from '../worker/worker.js'
import { closedError } from './closed-error.js'

/** All workers refused a connection: how long until they are tried again, in milliseconds. */
const REFUSED_PAUSE_MS = 50
/** How long a worker may take to show that it lives before a request is repeated there, in milliseconds. */
const SIGN_OF_LIFE_MS = 1000

/** A request that tells its outcome by a call instead of a promise. */
export interface DirectRequest {
  readonly client: Duplex
  forward(upstream: Upstream, settle: (outcome: Outcome) => void): void
  /** @param error why it failed, if the client is to know */
  done(error?: UpError): void
}

/** A request or an upgrade that looks for its worker. */
interface Job {
  readonly kind: WorkKind
  readonly client: Duplex
  readonly forward: (upstream: Upstream) => Promise<Outcome>
  readonly visit?: Visit
}

/** What came of it at one worker. */
interface Attempt {
  readonly worker: Worker
  readonly outcome: Outcome
}

/** Gives each request to an available worker, and holds it while there is none. It knows no reload. */
export class Dispatcher {
  readonly #options: ResolvedOptions
  readonly #policy: Policy<Worker>
  readonly #upstreams = new Map<Worker, Upstream>()
  readonly #held: HoldQueue
  #closing = false

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#policy = createPolicy(options.balance, options.trust)
    this.#held = new HoldQueue(options.maxHeld, options.holdTimeoutMs)
  }

  /** How many requests wait for a worker. */
  get held(): number {
    return this.#held.size
  }

  /** The worker takes requests from now on; those that wait go on. */
  add(worker: Worker): void {
    const { address, clientField } = worker
    if (address === undefined) return
    const { proxyTimeoutMs, maxConnections, maxHeld, holdTimeoutMs, via } = this.#options
    const upstream = new Upstream(address, {
      timeoutMs: proxyTimeoutMs,
      clientField,
      via,
      max: maxConnections,
      queue: new HoldQueue(maxHeld, holdTimeoutMs, 'a connection to the worker')
    })
    this.#upstreams.set(worker, upstream)
    this.#policy.add(worker)
    this.#held.releaseAll()
  }

  /** The worker takes no more requests; unless it has retired only, and the policy still needs it. */
  remove(worker: Worker): void {
    if (worker.serves && this.#policy.retire?.(worker) === true) return
    this.#policy.remove(worker)
    this.#upstreams.get(worker)?.close()
    this.#upstreams.delete(worker)
  }

  /** The worker whose turn is next, and gives the turn on; undefined if none is available. */
  next(): Worker | undefined {
    return this.#policy.select()
  }

  /** From now on no request waits any more: where no worker is available, it fails. */
  close(): void {
    this.#closing = true
    if (this.#policy.size === 0) this.rejectHeld()
  }

  /** Whether requests have to be shown to `serve`: see {@link visit}. */
  get needsRequest(): boolean {
    return this.#policy.needsRequest
  }

  /** A request as the policy wants to see it; undefined if it needs to see nothing. */
  visit(req: IncomingMessage, upgrade: boolean): Visit | undefined {
    return this.needsRequest ? { req, upgrade } : undefined
  }

  rejectHeld(): void {
    this.#held.rejectAll(closedError())
  }

  /**
   * Finds a worker, or waits for one, and forwards; returns why that failed, if the client is to know.
   *
   * @param visit as {@link visit} made it
   */
  async serve(
    kind: WorkKind,
    client: Duplex,
    forward: (upstream: Upstream) => Promise<Outcome>,
    visit?: Visit
  ): Promise<UpError | undefined> {
    if (visit === undefined) return this.#serve({ kind, client, forward })
    try {
      return await this.#serve({ kind, client, forward, visit })
    } catch (error) {
      // What the user's function does wrong is found here.
      if (error instanceof UpError) return error
      throw error
    } finally {
      this.#policy.end?.(visit)
    }
  }

  /** As `serve`, for policies that need no visit, and without a promise while all goes well. */
  serveNow(request: DirectRequest): void {
    const worker = this.#select()
    const upstream = worker === undefined ? undefined : this.#upstreams.get(worker)
    if (worker === undefined || upstream === undefined) return this.#serveLater(request)
    worker.claim('request')
    request.forward(upstream, outcome => {
      worker.release('request')
      if (outcome.kind === 'done') request.done()
      else this.#serveLater(request, { worker, outcome })
    })
  }

  #serveLater(request: DirectRequest, begun?: Attempt): void {
    const { client } = request
    const forward = (upstream: Upstream): Promise<Outcome> =>
      new Promise(resolve => request.forward(upstream, resolve))
    void this.#serve({ kind: 'request', client, forward }, begun).then(error => request.done(error))
  }

  /** @param begun the first attempt, if there was one already */
  async #serve(job: Job, begun?: Attempt): Promise<UpError | undefined> {
    const since = performance.now()
    let avoid: Worker | undefined
    let repeated = false
    let attempt = begun
    for (;;) {
      attempt ??= await this.#attempt(job, avoid, repeated)
      if (attempt === undefined) {
        const refusal = await this.#hold(job.client, since)
        if (refusal !== undefined) return refusal.code === 'UP_ERR_CLIENT_CLOSED' ? undefined : refusal
        continue
      }
      const { worker, outcome } = attempt
      attempt = undefined
      if (outcome.kind === 'done') return undefined
      if (outcome.retry === 'never') return outcome.error
      if (outcome.retry === 'repeatable') {
        if (repeated) return outcome.error
        repeated = true
      } else {
        // Nothing was sent, so it can be tried until its time is over. Such a worker is dead or about
        // to be; when its exit is noticed it is no candidate any more.
        const { holdTimeoutMs } = this.#options
        if (holdTimeoutMs > 0 && performance.now() - since > holdTimeoutMs) return outcome.error
        if (avoid !== undefined) await delay(REFUSED_PAUSE_MS)
      }
      avoid = worker
    }
  }

  /** Undefined while no worker is available. */
  async #attempt(
    { kind, forward, visit }: Job,
    avoid: Worker | undefined,
    repeated: boolean
  ): Promise<Attempt | undefined> {
    for (;;) {
      const worker = this.#select(avoid, visit)
      const upstream = worker === undefined ? undefined : this.#upstreams.get(worker)
      if (worker === undefined || upstream === undefined) return undefined
      if (repeated) {
        // Workers often die together, and the end of this one may not have been noticed yet: a request
        // is repeated only once, so not before the worker has shown that it lives.
        await worker.signOfLife(SIGN_OF_LIFE_MS)
        if (!worker.serves) continue
      }
      worker.claim(kind)
      const outcome = await forward(upstream)
      worker.release(kind)
      return { worker, outcome }
    }
  }

  #select(avoid?: Worker, visit?: Visit): Worker | undefined {
    const worker = this.#policy.select(avoid, visit)
    if (worker === undefined || worker.inFlight < this.#options.maxConnections) return worker
    // A policy that looked at the request means this worker, and it waits there. Any other had better
    // send it where there is room; where there is none, it waits in the line of the one whose turn it is.
    return (visit === undefined ? this.#withRoom(avoid) : undefined) ?? worker
  }

  /** The worker with the fewest requests, if one has a connection free. */
  #withRoom(avoid: Worker | undefined): Worker | undefined {
    let best: Worker | undefined
    let fewest = this.#options.maxConnections
    for (const worker of this.#upstreams.keys()) {
      if (worker === avoid || worker.inFlight >= fewest) continue
      best = worker
      fewest = worker.inFlight
    }
    return best
  }

  #hold(client: Duplex, since: number): Promise<UpError | undefined> {
    if (this.#closing) return Promise.resolve(closedError())
    return new Promise(resolve => {
      this.#held.enter({ client, onTurn: () => resolve(undefined), onRefused: resolve }, since)
    })
  }
}
