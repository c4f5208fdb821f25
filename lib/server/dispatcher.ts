import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Policy, Visit } from '../balance/policy.js'
import { statusOf, UpError } from '../errors.js'
import type { Meter } from '../meters/meter.js'
import { DONE, type Done, type Outcome } from '../proxy/outcome.js'
import type { HoldLimits } from '../proxy/hold-queue.js'
import type { Upstream } from '../proxy/upstream.js'
import type { Backend } from './backend.js'
import { Gate } from './gate.js'
import { InFlight } from './in-flight.js'
import type { Attempt, DirectRequest, Forward, Job, Turn } from './job.js'
import { Rotation, type RotationLimits } from './rotation.js'

/** All refused a connection: how long until they are tried again, in milliseconds. */
const REFUSED_PAUSE_MS = 50
/** How long a backend may take to show that it lives before a request is repeated there, in milliseconds. */
const SIGN_OF_LIFE_MS = 1000

/** What bounds it. Read whenever it counts, so it may change meanwhile. */
export interface DispatcherLimits extends HoldLimits, RotationLimits {}

/** Gives each request to an available backend, and holds it while there is none. It knows no reload. */
export class Dispatcher<B extends Backend> {
  /** Where requests wait. */
  readonly gate: Gate
  /** The requests that were forwarded and are not answered yet; upgrades until they are answered. */
  readonly inFlight = new InFlight()
  readonly meter: Meter
  readonly #policy: Policy<B>
  readonly #rotation: Rotation<B>

  /**
   * @param what what requests wait for, as the errors name it
   * @param meter counts what becomes of the requests
   */
  constructor(policy: Policy<B>, limits: DispatcherLimits, what: string, meter: Meter) {
    this.meter = meter
    this.#policy = policy
    this.#rotation = new Rotation(policy, limits)
    this.gate = new Gate(limits, what, () => this.serves)
  }

  /** The backend takes requests from now on, by this upstream; those that wait go on. */
  add(backend: B, upstream: Upstream): void {
    this.#rotation.add(backend, upstream)
    this.gate.letOut()
  }

  /** The backend takes no more requests; unless it has retired only, and the policy still needs it. */
  remove(backend: B): void {
    this.#rotation.remove(backend)
  }

  /** Requests that wait for a connection to a backend come back, to wait at the gate. */
  recall(): void {
    for (const upstream of this.#rotation.upstreams) upstream.pool.dismiss()
  }

  /** The backend whose turn is next, and gives the turn on; undefined if none is available. */
  next(): B | undefined {
    return this.#policy.select()
  }

  /** Whether anybody is available. */
  get serves(): boolean {
    return this.#policy.size > 0
  }

  /** Whether requests have to be shown to `serve`: see {@link visit}. */
  get needsRequest(): boolean {
    return this.#policy.needsRequest
  }

  /** A request as the policy wants to see it; undefined if it needs to see nothing. */
  visit(req: IncomingMessage, upgrade: boolean): Visit | undefined {
    return this.needsRequest ? { req, upgrade } : undefined
  }

  /**
   * Finds a backend, or waits for one, and forwards; returns why that failed, if the client is to know.
   */
  async serve(job: Job<B>): Promise<UpError | undefined> {
    const { visit } = job
    const arrived = performance.now()
    if (visit === undefined) return this.#serve(job, arrived)
    try {
      return await this.#serve(job, arrived)
    } catch (error) {
      // What the user's function does wrong is found here.
      if (error instanceof UpError) return error
      throw error
    } finally {
      this.#policy.end?.(visit)
    }
  }

  /** As `serve`, for policies that need no visit, and without a promise while all goes well. */
  serveNow(request: DirectRequest<B>): void {
    const since = performance.now()
    const backend = this.gate.open ? this.#rotation.select() : undefined
    const upstream = backend === undefined ? undefined : this.#rotation.upstreamOf(backend)
    if (backend === undefined || upstream === undefined) return this.#serveLater(request, since)
    backend.claim('request')
    this.inFlight.begin()
    const settle = (outcome: Outcome): void => {
      backend.release('request')
      this.inFlight.end()
      if (outcome.kind === 'done') {
        this.#count(backend, outcome, since)
        request.done()
      } else this.#serveLater(request, since, { backend, outcome })
    }
    request.forward(upstream, settle, backend)
  }

  /** Forwards what middleware gave an address of its own; waits only while the gate is shut. */
  async pass(client: Duplex, send: (onAnswered: () => void) => Promise<Outcome>): Promise<Outcome> {
    const since = performance.now()
    for (let wasHeld = false; this.gate.shut; wasHeld = true) {
      const refusal = await this.gate.hold(client, since, wasHeld ? 'here' : undefined)
      if (refusal?.code === 'UP_ERR_CLIENT_CLOSED') return DONE
      if (refusal !== undefined) return { kind: 'failed', error: refusal, retry: 'never' }
    }
    return this.#counted(send)
  }

  #serveLater(request: DirectRequest<B>, since: number, begun?: Attempt<B>): void {
    const { client } = request
    const forward: Forward<B> = (upstream, _onAnswered, backend) =>
      new Promise(resolve => request.forward(upstream, resolve, backend))
    const onHold = (): void => request.onHold?.()
    const job: Job<B> = { kind: 'request', client, forward, onHold }
    void this.#serve(job, since, begun).then(error => request.done(error))
  }

  /**
   * @param arrived when the request came, by `performance.now()`
   * @param begun the first attempt, if there was one already
   */
  async #serve(job: Job<B>, arrived: number, begun?: Attempt<B>): Promise<UpError | undefined> {
    const error = await this.#find(job, arrived, begun)
    if (error !== undefined) this.meter.refused(statusOf(error), arrived)
    return error
  }

  async #find(job: Job<B>, arrived: number, begun?: Attempt<B>): Promise<UpError | undefined> {
    let since = arrived
    let avoid: B | undefined
    let repeats = 0
    let isItsTurn = false
    let wasHeld = false
    let wasTried = false
    let attempt = begun
    for (;;) {
      attempt ??= await this.#attempt(job, { arrived, avoid, repeated: repeats > 0, isItsTurn })
      if (attempt === undefined) {
        job.onHold?.()
        const refusal = await this.gate.hold(
          job.client,
          since,
          wasHeld ? 'here' : wasTried ? 'elsewhere' : undefined
        )
        if (refusal !== undefined) return refusal.code === 'UP_ERR_CLIENT_CLOSED' ? undefined : refusal
        isItsTurn = true
        wasHeld = true
        continue
      }
      const { backend, outcome } = attempt
      attempt = undefined
      wasTried = true
      if (outcome.kind === 'done') return this.#count(backend, outcome, arrived)
      if (outcome.error.code !== 'UP_ERR_CONNECT') this.meter.failed(backend)
      if (outcome.retry === 'never') return outcome.error
      if (outcome.retry === 'repeatable') {
        if (repeats++ >= (backend.repeats ?? 1)) return outcome.error
        // Until now it was being answered: only from now on it waits.
        since = performance.now()
      } else {
        // Nothing was sent, so it can be tried until its time is over.
        if (this.gate.isLate(since)) return this.gate.late(outcome.error, wasHeld)
        if (outcome.error.code === 'UP_ERR_CONNECT' && backend.refused !== undefined)
          backend.refused(outcome.error)
        // A worker that refuses is dead or about to be; when its exit is noticed it is no candidate any more.
        else if (avoid !== undefined) await delay(REFUSED_PAUSE_MS)
      }
      this.meter.retried()
      avoid = backend
      isItsTurn = false
    }
  }

  /** @returns undefined while it has to wait */
  async #attempt(
    { kind, forward, visit }: Job<B>,
    { arrived, avoid, repeated, isItsTurn }: Turn<B>
  ): Promise<Attempt<B> | undefined> {
    for (;;) {
      const mayGo = isItsTurn ? !this.gate.shut : this.gate.open
      const backend = mayGo ? this.#rotation.select(avoid, visit) : undefined
      if (backend === undefined) return undefined
      if (repeated) {
        // Backends often die together, and the end of this one may not have been noticed yet: a request
        // is repeated only once, so not before the backend has shown that it lives.
        await backend.signOfLife(SIGN_OF_LIFE_MS)
        if (!backend.serves || this.gate.shut || this.#rotation.upstreamOf(backend) === undefined) continue
      }
      const upstream = this.#rotation.upstreamOf(backend)
      if (upstream === undefined) return undefined
      backend.claim(kind)
      const outcome = await this.#counted(onAnswered => {
        const onSwitched = (): void => {
          this.meter.answered(backend, 101, true, arrived)
          onAnswered()
        }
        return forward(upstream, onSwitched, backend)
      })
      backend.release(kind)
      return { backend, outcome }
    }
  }

  async #counted(send: (onAnswered: () => void) => Promise<Outcome>): Promise<Outcome> {
    let counts = true
    const end = (): void => {
      if (counts) this.inFlight.end()
      counts = false
    }
    this.inFlight.begin()
    const outcome = await send(end)
    end()
    return outcome
  }

  #count(backend: B, { status, whole }: Done, since: number): undefined {
    // What switched was counted when it did: how long it went on as something else says nothing.
    if (status !== undefined && status !== 101) this.meter.answered(backend, status, whole, since)
  }
}
