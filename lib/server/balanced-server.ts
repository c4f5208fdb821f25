import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { EventEmitter } from 'eventemitter3'
import type { Visit } from '../balance/policy.js'
import type { Next } from '../distributor/chain.js'
import {
  answerError,
  answerUpgradeError,
  errorAnswer,
  type ErrorAnswer
} from '../distributor/default-handlers.js'
import { Distributor } from '../distributor/distributor.js'
import type { DistributorRequest, ProxiedServer } from '../distributor/middleware.js'
import { hasBody } from '../distributor/upgrade-request.js'
import type { Front } from '../front/front.js'
import { Meter } from '../meters/meter.js'
import type { ResolvedServing } from '../options/serving.js'
import { clientOf } from '../proxy/client-of.js'
import type { Outcome } from '../proxy/outcome.js'
import { idLine } from '../proxy/request-id.js'
import type { HoldStatus, PauseOptions, PauseResult, ResumeOptions, ServerState } from './api.js'
import { AccessWatch, watchAttempt } from './access-watch.js'
import { attachFront } from './attach-front.js'
import type { Backend } from './backend.js'
import { closedError } from './closed-error.js'
import type { BalancedParts } from './balanced-parts.js'
import { Dispatcher } from './dispatcher.js'
import { cookieLines, giveCookies } from './give-cookies.js'
import { Health } from './health.js'
import { holdAnswer } from './hold-answer.js'
import { Holding } from './holding.js'
import type { Forward } from './job.js'
import { parsePause, parseResume } from './pause-options.js'
import { withId } from './with-id.js'

/**
 * A Distributor whose last handlers balance requests and upgrades over backends, and hold them while there is
 * none, or while it is paused.
 */
export abstract class BalancedServer<
  B extends Backend,
  Events extends EventEmitter.ValidEventTypes
> extends Distributor<Events> {
  /** @internal What becomes of requests. */
  readonly meter: Meter
  protected readonly dispatcher: Dispatcher<B>
  readonly #options: ResolvedServing
  readonly #front: Front | undefined
  readonly #health: Health | undefined
  readonly #access: AccessWatch | undefined
  readonly #holding: Holding<B>
  #state: 'running' | 'closing' | 'closed' = 'running'
  #closing: Promise<void> | undefined

  /** @param options some may change meanwhile: those that are read whenever they count */
  constructor(server: ProxiedServer, options: ResolvedServing, parts: BalancedParts<B>) {
    const { policy, what, meter = new Meter(), tellsHealth = true } = parts
    super(server, {
      trustProxy: options.trust,
      proxyTimeout: options.proxyTimeoutMs,
      via: options.via ?? false
    })
    this.#options = options
    this.meter = meter
    this.dispatcher = new Dispatcher(policy, options, what, meter)
    const { healthPrefix, accessLog } = options
    if (healthPrefix !== undefined && tellsHealth)
      this.#health = new Health(healthPrefix, () => this.#state === 'running' && this.dispatcher.serves)
    const isOpen = (): boolean => !this.hasMiddleware && !this.dispatcher.needsRequest
    const answerOf = (error: unknown): ErrorAnswer => this.#answerOf(error)
    const hasMiddleware = (): boolean => this.hasMiddleware
    if (accessLog !== undefined)
      this.#access = new AccessWatch(accessLog, { trust: this.trust, hasMiddleware, answerOf })
    this.traffic.watcher = this.#access
    if (options.fastPath)
      this.#front = attachFront(server, this.dispatcher, this.traffic, {
        trust: this.trust,
        isOpen,
        health: this.#health,
        access: this.#access,
        answerOf
      })
    this.#holding = new Holding(this.dispatcher, options, (event, status) => this.announce(event, status))
  }

  /**
   * From now on requests and upgrades are held: in order, `maxHeld` of them, for `holdTimeout` at most, their
   * bodies unread. Beyond that they get 503 with Retry-After. Middleware still runs before; what it answers itself
   * is not held.
   *
   * Resolves when everything that was forwarded has its answer, or when `timeout` is over, or when `resume` is called
   * before. WebSockets and other upgrades that are open stay open. Event `pause`.
   *
   * Rejects with `UP_ERR_OPTION` for a wrong option, `UP_ERR_CLOSED` when the server is closing.
   */
  async pause(options: PauseOptions = {}): Promise<PauseResult> {
    const { timeoutMs, holdTimeoutMs } = parsePause(options)
    this.assertOpen()
    const { gate, inFlight } = this.dispatcher
    this.#holding.shut('pause', holdTimeoutMs)
    await inFlight.whenNone(timeoutMs, () => gate.isShutBy('pause'))
    return { drained: inFlight.count === 0 && gate.isShutBy('pause'), remaining: inFlight.count }
  }

  /**
   * Ends a pause: what is held goes on in order of arrival, all at once or at a rate; new requests do not wait for
   * that. Resolves when nothing is held any more, or when requests are held again, also by the hold file. Without a pause it does nothing.
   * Event `resume`.
   *
   * Rejects with `UP_ERR_OPTION` for a wrong option.
   */
  async resume(options: ResumeOptions = {}): Promise<void> {
    const rate = parseResume(options)
    this.#holding.reopen('pause', rate)
    await this.dispatcher.gate.whenEmpty()
  }

  /**
   * Ends the server: it stops accepting connections, finishes what is in flight, ends what it has started, and
   * closes the server. What is held by a pause gets 503. Resolves when all is gone; further calls share the first
   * one's promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  protected get state(): ServerState {
    return this.#state === 'running' && this.dispatcher.gate.shut ? 'paused' : this.#state
  }

  protected assertOpen(): void {
    if (this.#state !== 'running') throw closedError()
  }

  /** Emits the event. */
  protected abstract announce(event: 'pause' | 'resume', status: HoldStatus): void

  /** How long what is in flight may take when the server closes, in milliseconds. */
  protected abstract get closeTimeoutMs(): number

  /** Resolves when nothing is in flight any more, or when the time is over; in milliseconds. */
  protected whenDrained(timeoutMs: number): Promise<void> {
    return this.traffic.whenIdle(timeoutMs)
  }

  /** The server begins to close. */
  protected abstract onClosing(): void

  /** Nothing is asked of the backends any more. Resolves when what was started for them is gone. */
  protected abstract endBackends(): Promise<void>

  /** A request has come, and the policy looks at it. */
  protected onVisit(_visit: Visit, _res: ServerResponse): void {}

  /** Takes back what the constructor did to the server. */
  protected release(): void {
    this.#holding.close()
    this.#front?.detach()
    this.detach()
  }

  protected override answerSelf(req: DistributorRequest, res?: ServerResponse): boolean {
    if (this.#health?.isAsked(req.url ?? '') !== true) return false
    if (res !== undefined) this.#health.answer(req, res)
    return true
  }

  protected override async handleRequest(
    req: DistributorRequest,
    res: ServerResponse,
    next: Next
  ): Promise<void> {
    const visit = this.dispatcher.visit(req, false)
    if (visit !== undefined) this.onVisit(visit, res)
    const record = this.#access?.of(req)
    const forward: Forward<B> = (upstream, _onAnswered, backend) => {
      if (visit !== undefined) giveCookies(visit, res)
      const send = (): Promise<Outcome> => this.forwardRequest(req, res, upstream)
      return record === undefined ? send() : watchAttempt(record, backend, send)
    }
    const client = clientOf(req)
    // What the client sends while it waits stays with it; whoever reads the body lets it go on.
    const onHold = (): void => {
      record?.onHold()
      if (client instanceof Socket && hasBody(req) && !req.complete) client.pause()
    }
    const error = await this.dispatcher.serve({ kind: 'request', client, forward, visit, onHold })
    if (error !== undefined) next(error)
  }

  protected override async handleUpgrade(req: DistributorRequest, socket: Duplex, next: Next): Promise<void> {
    const visit = this.dispatcher.visit(req, true)
    const record = this.#access?.of(req)
    const forward: Forward<B> = (upstream, onAnswered, backend) => {
      const onSwitched = (): void => {
        record?.taken(101)
        onAnswered()
      }
      const fields = (cookieLines(visit) ?? '') + (record === undefined ? '' : idLine(record.id))
      const send = (): Promise<Outcome> => this.forwardUpgrade(req, socket, upstream, onSwitched, fields)
      return record === undefined ? send() : watchAttempt(record, backend, send)
    }
    const onHold = (): void => record?.onHold()
    const error = await this.dispatcher.serve({ kind: 'upgrade', client: socket, forward, visit, onHold })
    if (error !== undefined) next(error)
  }

  protected override forwardNamed(
    client: Duplex,
    send: (onAnswered: () => void) => Promise<Outcome>
  ): Promise<Outcome> {
    return this.dispatcher.pass(client, send)
  }

  protected override handleError(error: unknown, req: DistributorRequest, res: ServerResponse): void {
    answerError(this.#answerOf(error, req), res)
  }

  protected override handleUpgradeError(error: unknown, req: DistributorRequest, socket: Duplex): void {
    const answer = this.#answerOf(error, req)
    this.#access?.of(req)?.refused(answer.status)
    answerUpgradeError(error, answer, socket)
  }

  #answerOf(error: unknown, req?: DistributorRequest): ErrorAnswer {
    const answer = holdAnswer(error, this.#options.holdResponse) ?? errorAnswer(error)
    return withId(answer, req && this.#access?.of(req)?.id)
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    this.onClosing()
    this.#holding.close()
    this.dispatcher.gate.end()
    this.traffic.stopAccepting()
    await this.whenDrained(this.closeTimeoutMs)
    this.dispatcher.gate.rejectAll()
    await this.endBackends()
    await this.traffic.end()
    this.release()
    this.#state = 'closed'
  }
}
