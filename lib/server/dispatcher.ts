import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { RoundRobin } from '../balance/round-robin.js'
import { UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Outcome } from '../proxy/outcome.js'
import { Upstream } from '../proxy/upstream.js'
import type { Worker, WorkKind } from '../worker/worker.js'
import { closedError } from './closed-error.js'
import { HoldQueue } from './hold-queue.js'

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

/** What came of a request at one worker. */
interface Attempt {
  readonly worker: Worker
  readonly outcome: Outcome
}

/** Gives each request to an available worker, and holds it while there is none. It knows no reload. */
export class Dispatcher {
  readonly #options: ResolvedOptions
  readonly #policy = new RoundRobin<Worker>()
  readonly #upstreams = new Map<Worker, Upstream>()
  readonly #held: HoldQueue
  #closing = false

  constructor(options: ResolvedOptions) {
    this.#options = options
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
    const upstream = new Upstream(address, {
      timeoutMs: this.#options.proxyTimeoutMs,
      clientField,
      via: this.#options.via
    })
    this.#upstreams.set(worker, upstream)
    this.#policy.add(worker)
    this.#held.releaseAll()
  }

  /** The worker takes no more requests. */
  remove(worker: Worker): void {
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
    if (this.next() === undefined) this.rejectHeld()
  }

  rejectHeld(): void {
    this.#held.rejectAll(closedError())
  }

  /**
   * Finds a worker, or waits for one, and forwards; returns why that failed, if the client is to know.
   *
   * @param begun the first attempt, if there was one already
   */
  async serve(
    kind: WorkKind,
    client: Duplex,
    forward: (upstream: Upstream) => Promise<Outcome>,
    begun?: Attempt
  ): Promise<UpError | undefined> {
    const since = performance.now()
    let avoid: Worker | undefined
    let repeated = false
    let attempt = begun
    for (;;) {
      attempt ??= await this.#attempt(kind, forward, avoid, repeated)
      if (attempt === undefined) {
        const refusal = await this.#hold(client, since)
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

  /** As `serve`, but without a promise while all goes well. */
  serveNow(request: DirectRequest): void {
    const worker = this.#policy.select()
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
    const send = (upstream: Upstream): Promise<Outcome> =>
      new Promise(resolve => request.forward(upstream, resolve))
    void this.serve('request', request.client, send, begun).then(error => request.done(error))
  }

  /** Undefined while no worker is available. */
  async #attempt(
    kind: WorkKind,
    forward: (upstream: Upstream) => Promise<Outcome>,
    avoid: Worker | undefined,
    repeated: boolean
  ): Promise<Attempt | undefined> {
    for (;;) {
      const worker = this.#policy.select(avoid)
      const upstream = worker === undefined ? undefined : this.#upstreams.get(worker)
      if (worker === undefined || upstream === undefined) return undefined
      if (repeated) {
        // Workers often die together, and the end of this one may not have been noticed yet: a request
        // is repeated only once, so not before the worker has shown that it lives.
        await worker.signOfLife(SIGN_OF_LIFE_MS)
        if (worker.readyState !== 'spawned') continue
      }
      worker.claim(kind)
      const outcome = await forward(upstream)
      worker.release(kind)
      return { worker, outcome }
    }
  }

  async #hold(client: Duplex, since: number): Promise<UpError | undefined> {
    if (this.#closing) return closedError()
    try {
      await this.#held.wait(client, since)
      return undefined
    } catch (error) {
      return error instanceof UpError ? error : closedError()
    }
  }
}
