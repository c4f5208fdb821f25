import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { EventEmitter } from 'eventemitter3'
import type { Policy, Visit } from '../balance/policy.js'
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
import type { ResolvedServing } from '../options/serving.js'
import { clientOf } from '../proxy/client-of.js'
import type { Outcome } from '../proxy/outcome.js'
import type { HoldStatus, PauseOptions, PauseResult, ResumeOptions, ServerState, ShutBy } from './api.js'
import { AccessWatch } from './access-watch.js'
import { attachFront } from './attach-front.js'
import type { Backend } from './backend.js'
import { closedError } from './closed-error.js'
import { Dispatcher } from './dispatcher.js'
import { cookieLines, giveCookies } from './give-cookies.js'
import { HoldFile } from './hold-file.js'
import { holdAnswer } from './hold-answer.js'
import type { Forward } from './job.js'
import { parsePause, parseResume } from './pause-options.js'

/**
 * A Distributor whose last handlers balance requests and upgrades over backends, and hold them while there is
 * none, or while it is paused.
 */
export abstract class BalancedServer<
  B extends Backend,
  Events extends EventEmitter.ValidEventTypes
> extends Distributor<Events> {
  protected readonly dispatcher: Dispatcher<B>
  readonly #options: ResolvedServing
  readonly #front: Front | undefined
  readonly #access: AccessWatch | undefined
  readonly #holdFile: HoldFile | undefined
  #state: 'running' | 'closing' | 'closed' = 'running'
  #closing: Promise<void> | undefined

  /** @param what what requests wait for, as the errors name it */
  constructor(server: ProxiedServer, options: ResolvedServing, policy: Policy<B>, what: string) {
    super(server, {
      trustProxy: options.trust,
      proxyTimeout: options.proxyTimeoutMs,
      via: options.via ?? false
    })
    this.#options = options
    this.dispatcher = new Dispatcher(policy, { ...options, what })
    const isOpen = (): boolean => !this.hasMiddleware && !this.dispatcher.needsRequest
    const answerOf = (error: unknown): ErrorAnswer => this.#answerOf(error)
    if (options.fastPath)
      this.#front = attachFront(server, this.dispatcher, this.traffic, {
        trust: this.trust,
        isOpen,
        answerOf
      })
    const { holdFile, holdPollMs, accessLog } = options
    if (accessLog !== undefined)
      this.#access = new AccessWatch(server, accessLog, this.trust, () => this.hasMiddleware)
    if (holdFile === undefined) return
    this.#holdFile = new HoldFile(holdFile, holdPollMs, present => this.#onHoldFile(present))
    if (!this.#holdFile.present) this.dispatcher.gate.close('hold-file')
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
    this.#shut('pause', holdTimeoutMs)
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
    this.#reopen('pause', rate)
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
    this.#holdFile?.close()
    this.#front?.detach()
    this.#access?.detach()
    this.detach()
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
      record?.given(backend)
      const outcome = this.forwardRequest(req, res, upstream)
      return record?.followed(outcome) ?? outcome
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
      record?.given(backend)
      const onSwitched = (): void => {
        record?.switched()
        onAnswered()
      }
      const fields = (cookieLines(visit) ?? '') + (record?.idLine ?? '')
      const outcome = this.forwardUpgrade(req, socket, upstream, onSwitched, fields)
      return record?.followed(outcome) ?? outcome
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
    return (req && this.#access?.of(req)?.marked(answer)) ?? answer
  }

  #onHoldFile(present: boolean): void {
    if (present) this.#reopen('hold-file')
    else this.#shut('hold-file')
  }

  #shut(reason: ShutBy, holdTimeoutMs?: number): void {
    const { gate } = this.dispatcher
    const wasShut = gate.shut
    gate.close(reason, holdTimeoutMs)
    this.dispatcher.recall()
    if (!wasShut) this.announce('pause', gate.status)
  }

  #reopen(reason: ShutBy, rate?: number): void {
    const { gate, inFlight } = this.dispatcher
    const wasShut = gate.shut
    gate.reopen(reason, rate)
    inFlight.wake()
    if (wasShut && !gate.shut) this.announce('resume', gate.status)
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    this.onClosing()
    this.#holdFile?.close()
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
