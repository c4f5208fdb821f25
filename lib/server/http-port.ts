import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { policyMaker } from '../balance/create-policy.js'
import type { Meter } from '../meters/meter.js'
import type { ResolvedOptions } from '../options/options.js'
import { openServer } from '../ports/open-server.js'
import { shownTo, type Port } from '../ports/port.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import type { Worker } from '../worker/worker.js'
import type { BalancedServerEvents } from './api.js'
import { BalancedServer } from './balanced-server.js'
import { upstreamOf } from './worker-upstream.js'

/** A further port of the app's, such as that of its metrics, balanced by itself. It has no middleware. */
export class HttpPort extends BalancedServer<Worker, BalancedServerEvents> implements Port {
  readonly #asked: Asked
  readonly #options: ResolvedOptions
  readonly #members = new Set<Worker>()

  /** @param meter counts also what comes here */
  constructor(asked: Asked, options: ResolvedOptions, meter: Meter) {
    const { balance, trust } = options
    const policy = policyMaker<Worker>(balance, trust, false)()
    // Whether we are well is told at the server that is ours.
    super(createServer(), options, { policy, what: 'a worker', meter, tellsHealth: false })
    this.#asked = asked
    this.#options = options
  }

  get address(): AddressInfo | string | null {
    return this.server.address()
  }

  async open(): Promise<void> {
    await openServer(this.server, this.#asked)
    this.server.on('error', () => {})
  }

  admit(listening: Listening): void {
    listening.listenPrivately(shownTo(listening, this.address, this.#asked))
  }

  /** The worker's server gets requests from now on. */
  add(worker: Worker, listening: Listening): void {
    if (this.#members.has(worker)) return
    const upstream = upstreamOf(listening, this.#options)
    if (upstream === undefined) return
    this.#members.add(worker)
    this.dispatcher.add(worker, upstream)
  }

  remove(worker: Worker): void {
    this.#members.delete(worker)
    this.dispatcher.remove(worker)
  }

  protected override announce(): void {
    // The server that holds requests here as everywhere has told it.
  }

  protected override get closeTimeoutMs(): number {
    return this.#options.workerTimeoutMs
  }

  protected override onClosing(): void {}

  protected override endBackends(): Promise<void> {
    return Promise.resolve()
  }
}
