import type { EventEmitter as NodeEvents } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { EventEmitter } from 'eventemitter3'
import type { UpError } from '../errors.js'
import { parseDuration } from '../options/duration.js'
import { parseTrust } from '../options/trust.js'
import { parseVia } from '../options/via.js'
import type { Address } from '../proxy/address.js'
import { clientOf } from '../proxy/client-of.js'
import { exchange } from '../proxy/exchange.js'
import { DONE, type Outcome } from '../proxy/outcome.js'
import type { Upstream } from '../proxy/upstream.js'
import { upgrade } from '../proxy/upgrade.js'
import { UpstreamRegistry } from '../proxy/upstream-registry.js'
import type { Handler, Next } from './chain.js'
import { ClientErrors } from './client-errors.js'
import { defaultHttp, defaultHttpError, defaultWs, defaultWsError } from './default-handlers.js'
import { continueOnRead, leaveExpectation } from './expectation.js'
import type {
  DistributorOptions,
  DistributorRequest,
  HttpErrorMiddleware,
  HttpMiddleware,
  ProxiedServer,
  WsErrorMiddleware,
  WsFacade,
  WsMiddleware
} from './middleware.js'
import { followsRefused, refuseUnsafe } from './framing-guard.js'
import { endsHere } from './max-forwards.js'
import { onceMore } from './once-more.js'
import { Pass, Stacks, type PassOptions } from './pass.js'
import { behindAnswers } from './pipelined-switch.js'
import { assertServer, prepareServer } from './prepare-server.js'
import { StalledUploads } from './stalled-uploads.js'
import { Traffic } from './traffic.js'
import { Tunnels } from './tunnels.js'
import { hasBody, replayWithoutUpgrade } from './upgrade-request.js'

type Attach = (req: DistributorRequest, res: ServerResponse) => void
type Send = (upstream: Upstream, onAnswered: () => void) => Promise<Outcome>

/**
 * Runs a chain of connect-like middleware for the requests and upgrades of an http(s) server, and
 * forwards them to the addresses which that middleware names.
 *
 * Events: none of its own.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- subclasses name their events
export class Distributor<Events extends EventEmitter.ValidEventTypes = {}> extends EventEmitter<Events> {
  /** The server whose requests are distributed. */
  readonly server: ProxiedServer
  /** `srv.ws.use(fn)` adds middleware for upgrades, and returns the Distributor. */
  readonly ws: WsFacade
  protected readonly trust: (address: string) => boolean
  /** What the server has open. */
  protected readonly traffic: Traffic
  readonly #http: PassOptions = {
    self: this,
    stacks: new Stacks(),
    last: (req: DistributorRequest, res: ServerResponse, next: Next) => this.handleRequest(req, res, next),
    lastError: (error: unknown, req: DistributorRequest, res: ServerResponse) =>
      this.handleError(error, req, res)
  }
  readonly #ws: PassOptions = {
    self: this,
    stacks: new Stacks(),
    last: (req: DistributorRequest, socket: Duplex, next: Next) => this.handleUpgrade(req, socket, next),
    lastError: (error: unknown, req: DistributorRequest, socket: Duplex) =>
      this.handleUpgradeError(error, req, socket)
  }
  readonly #upstreams: UpstreamRegistry
  readonly #onRequest: Attach = (req, res) => this.#request(req, res)
  readonly #onContinue: Attach = (req, res) => this.#continue(req, res)
  readonly #onUpgrade = (req: DistributorRequest, socket: Duplex, head: Buffer): void =>
    this.#upgrade(req, socket, head)
  readonly #tunnels: Tunnels
  readonly #errors: ClientErrors
  readonly #stalled: StalledUploads

  /** @throws {OptionError} `UP_ERR_OPTION`: not an http(s) server, or a wrong option */
  constructor(server: ProxiedServer, options: DistributorOptions = {}) {
    super()
    assertServer(server)
    this.server = server
    this.traffic = new Traffic(server)
    this.trust = parseTrust('trustProxy', options.trustProxy ?? false)
    this.#upstreams = new UpstreamRegistry(
      parseDuration('proxyTimeout', options.proxyTimeout ?? '60s'),
      parseVia('via', options.via ?? true)
    )
    this.ws = Object.freeze<WsFacade>({
      use: (fn: WsMiddleware | WsErrorMiddleware) => {
        this.assertMiddleware('ws.use(fn)')
        this.#ws.stacks.add(fn as Handler)
        return this as unknown as Distributor
      }
    })
    prepareServer(server)
    this.#tunnels = new Tunnels(server, this.traffic)
    this.#errors = new ClientErrors(server, this.traffic)
    this.#stalled = new StalledUploads(server, this.traffic, this.#errors)
    const events: NodeEvents = server
    events.on('request', this.#onRequest).on('upgrade', this.#onUpgrade)
    // Whether the client should send its body is the upstream's to say.
    if (events.listenerCount('checkContinue') === 0) events.on('checkContinue', this.#onContinue)
  }

  /**
   * Appends middleware for requests: `(req, res, next)`, or `(err, req, res, next)` for errors.
   * It is called with the Distributor as `this`. The default handlers stay behind it.
   *
   * @throws {OptionError} `UP_ERR_OPTION`: not a function
   */
  use(fn: HttpMiddleware): this
  use(fn: HttpErrorMiddleware): this
  use(fn: HttpMiddleware | HttpErrorMiddleware): this {
    this.assertMiddleware('use(fn)')
    this.#http.stacks.add(fn as Handler)
    return this
  }

  /** Stops listening to the server, and closes idle connections to the upstreams that middleware named. */
  detach(): void {
    const events: NodeEvents = this.server
    events
      .removeListener('request', this.#onRequest)
      .removeListener('upgrade', this.#onUpgrade)
      .removeListener('checkContinue', this.#onContinue)
    this.#tunnels.detach()
    this.#errors.detach()
    this.#stalled.close()
    this.traffic.detach()
    this.#upstreams.close()
  }

  /** Whether requests go straight to the last handler, and errors to the default one. */
  protected get hasMiddleware(): boolean {
    const { all, error } = this.#http.stacks
    return all.length > 0 || error.length > 0
  }

  /** Answers what is asked of us, in front of all middleware; returns whether it does. */
  protected answerSelf(_req: DistributorRequest, _res?: ServerResponse): boolean {
    return false
  }

  /** Throws where there can be no middleware. */
  protected assertMiddleware(_call: string): void {}

  /** The last handler of requests: answers 501. */
  protected handleRequest(req: DistributorRequest, res: ServerResponse, _next: Next): unknown {
    return defaultHttp(req, res)
  }

  /** The last handler of upgrades: ends the socket. */
  protected handleUpgrade(req: DistributorRequest, socket: Duplex, _next: Next): unknown {
    return defaultWs(req, socket)
  }

  /** The last handler of errors: answers with the error's status. */
  protected handleError(error: unknown, req: DistributorRequest, res: ServerResponse): void {
    defaultHttpError(error, req, res)
  }

  /** The same for upgrades. */
  protected handleUpgradeError(error: unknown, req: DistributorRequest, socket: Duplex): void {
    defaultWsError(error, req, socket)
  }

  /**
   * Forwards what middleware gave an address of its own. Never rejects.
   *
   * @param send to be called once; what it gets is called when an upgrade is answered
   */
  protected forwardNamed(
    _client: Duplex,
    send: (onAnswered: () => void) => Promise<Outcome>
  ): Promise<Outcome> {
    return send(() => {})
  }

  /** Forwards a request to one upstream. Never rejects. */
  protected forwardRequest(
    req: DistributorRequest,
    res: ServerResponse,
    upstream: Upstream
  ): Promise<Outcome> {
    if (endsHere(req, res)) return Promise.resolve(DONE)
    leaveExpectation(req)
    return exchange(req, res, upstream, this.trust)
  }

  /**
   * Forwards an upgrade to one upstream. Never rejects.
   *
   * @param onAnswered called when the sockets are joined
   * @param fields lines for the head of the answer, besides those of the upstream
   */
  protected forwardUpgrade(
    req: DistributorRequest,
    socket: Duplex,
    upstream: Upstream,
    onAnswered: () => void,
    fields?: string
  ): Promise<Outcome> {
    return upgrade(req, socket, upstream, { trust: this.trust, onAnswered, fields })
  }

  #continue(req: DistributorRequest, res: ServerResponse): void {
    continueOnRead(req, res)
    this.#request(req, res)
  }

  #request(req: DistributorRequest, res: ServerResponse): void {
    if (followsRefused(req)) return
    req.res = res
    // Middleware may end an answer that is being passed on; the write that follows must not throw.
    res.on('error', () => {})
    this.traffic.addRequest(res)
    const send: Send = upstream => this.forwardRequest(req, res, upstream)
    const pass = new Pass(this.#http, req, res, address => this.#forward(address, clientOf(req), send))
    const refusal = refuseUnsafe(this.server, req, res)
    if (refusal !== undefined) pass.fail(refusal)
    else if (!this.answerSelf(req, res)) pass.run()
  }

  #upgrade(req: DistributorRequest, socket: Duplex, head: Buffer): void {
    if (followsRefused(req)) return
    behindAnswers(this.traffic, socket, () => {
      const refusal = refuseUnsafe(this.server, req, undefined)
      if (refusal === undefined && (hasBody(req) || this.answerSelf(req)))
        return replayWithoutUpgrade(this.server, req, socket, head)
      socket.on('error', () => socket.destroy())
      req.head = head
      this.traffic.addUpgrade(req, socket)
      const send: Send = (upstream, onAnswered) => this.forwardUpgrade(req, socket, upstream, onAnswered)
      const pass = new Pass(this.#ws, req, socket, address => this.#forward(address, socket, send))
      if (refusal !== undefined) pass.fail(refusal)
      else pass.run()
    })
  }

  async #forward(address: Address, client: Duplex, send: Send): Promise<UpError | undefined> {
    const upstream = this.#upstreams.get(address)
    const outcome = await this.forwardNamed(client, onAnswered => onceMore(() => send(upstream, onAnswered)))
    return outcome.kind === 'failed' ? outcome.error : undefined
  }
}
