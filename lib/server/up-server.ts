import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Next } from '../distributor/chain.js'
import { clientOf } from '../proxy/client-of.js'
import { Distributor } from '../distributor/distributor.js'
import type { DistributorRequest, ProxiedServer } from '../distributor/middleware.js'
import type { ResolvedOptions, UpOptions } from '../options/options.js'
import { asWhole } from '../options/checks.js'
import { resolveOptions } from '../options/resolve-options.js'
import { MAX_WORKERS } from '../options/worker-count.js'
import { resolveModule } from '../options/module-path.js'
import type { Front } from '../front/front.js'
import type { Outcome } from '../proxy/outcome.js'
import type { Upstream } from '../proxy/upstream.js'
import { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Slot } from '../worker/slot.js'
import type { Worker } from '../worker/worker.js'
import type { ReloadResult, ServerStatus, UpServerEvents } from './api.js'
import { attachFront } from './attach-front.js'
import { closedError } from './closed-error.js'
import { Dispatcher } from './dispatcher.js'
import { Reloader, type ReloadCallback } from './reloader.js'
import { cookieLine, giveCookie } from './give-cookie.js'
import { scaleTo } from './scaler.js'
import { describeWorker } from './status.js'

/**
 * A Distributor whose last handlers balance requests and upgrades over worker processes, which run the
 * user's module, and which `reload()` replaces without a client noticing.
 */
export class UpServer extends Distributor<UpServerEvents> {
  /** The user's module, as an absolute path. */
  readonly file: string
  readonly #options: ResolvedOptions
  readonly #fleet: Fleet
  readonly #reloader: Reloader
  readonly #dispatcher: Dispatcher
  readonly #front: Front | undefined
  #numWorkers: number
  #current: Generation
  #state: ServerStatus['state'] = 'running'
  #closing: Promise<void> | undefined

  /**
   * Starts the workers. The server may listen already, or later.
   *
   * @param server whose requests and upgrades are served
   * @param file the user's module; relative to the option `cwd`
   * @throws {OptionError} `UP_ERR_OPTION`: an argument or an option is wrong, or there is no such module
   * @throws {UpError} `UP_ERR_ENGINE`: the app's `engines.node` does not allow this Node
   */
  constructor(server: ProxiedServer, file: string, options: UpOptions = {}) {
    const resolved = resolveOptions(options)
    const path = resolveModule(file, resolved.cwd)
    super(server, {
      trustProxy: resolved.trust,
      proxyTimeout: resolved.proxyTimeoutMs,
      via: resolved.via ?? false
    })
    this.file = path
    this.#options = resolved
    this.#numWorkers = resolved.numWorkers
    this.#dispatcher = new Dispatcher(resolved)
    this.#fleet = new Fleet(path, resolved)
    this.#reloader = new Reloader(this.#fleet, resolved, {
      numWorkers: () => this.#numWorkers,
      current: () => this.#current,
      onServing: generation => {
        this.#current = generation
      },
      onSwitched: result => this.emit('reload', result),
      onFail: error => this.emit('fail', error)
    })
    this.#connectFleet()
    try {
      this.#current = this.#fleet.open(1, true)
    } catch (error) {
      this.detach()
      void this.#fleet.close()
      throw error
    }
    if (resolved.fastPath && !this.#dispatcher.needsRequest)
      this.#front = attachFront(server, this.#dispatcher, this.traffic, this.trust, () => !this.hasMiddleware)
    if (resolved.title !== undefined) process.title = `${resolved.title} master`
    this.#addKept(this.#numWorkers)
  }

  /** The number of the generation that serves; the first is 1. */
  get generation(): number {
    return this.#current.number
  }

  /** How many workers there should be. */
  get numWorkers(): number {
    return this.#numWorkers
  }

  /** The workers that are ready and not retired. */
  get workers(): Worker[] {
    return this.#fleet.generations.flatMap(generation => generation.workersIn('spawned'))
  }

  /** The workers that are not ready yet. */
  get spawning(): Worker[] {
    return this.#fleet.generations.flatMap(generation => generation.workersIn('spawning'))
  }

  /**
   * Replaces all workers by new ones, which load the app's files anew: see the option `strategy`. While
   * a reload runs, further calls share one more behind it.
   *
   * Resolves when the whole new set is ready and has all new requests. Rejects with a ReloadError
   * (`UP_ERR_RELOAD`, the worker's stderr with it) when it failed: the old generation serves on. With
   * the strategy `'first'` and workers that failed after the switch it resolves once `readyTimeout` has
   * passed, with those that are ready.
   *
   * @param fn called with the first new worker, as soon as it is ready
   */
  reload(fn?: ReloadCallback): Promise<ReloadResult> {
    const result = this.#reloader.reload(fn)
    // Who does not look at the promise hears of a failure by the event `fail`.
    result.catch(() => {})
    return result
  }

  /**
   * Changes the number of workers, after a reload that runs. Resolves when the new ones are ready;
   * rejects with a WorkerError when one failed, which is then tried again as any other.
   *
   * @param n from 1 to 1024
   * @throws {OptionError} `UP_ERR_OPTION`
   */
  async scale(n: number): Promise<void> {
    asWhole('scale(n): n', n, 1, MAX_WORKERS)
    this.#assertOpen()
    await this.#reloader.whenIdle()
    this.#assertOpen()
    this.#numWorkers = n
    await scaleTo(n, this.#fleet, count => this.#addKept(count), this.#options.workerTimeoutMs)
  }

  /** Starts more workers beyond `numWorkers`: until they die, or until the next reload. */
  spawnWorkers(n: number): Worker[] {
    asWhole('spawnWorkers(n): n', n, 1, MAX_WORKERS)
    this.#assertOpen()
    const slots = Array.from({ length: n }, () => this.#fleet.addSlot(this.#current))
    return slots.flatMap(({ worker }) => (worker === undefined ? [] : [worker]))
  }

  /** Starts one more worker: see {@link spawnWorkers}. */
  spawnWorker(): Worker | undefined {
    return this.spawnWorkers(1)[0]
  }

  /** The worker whose turn is next, and gives the turn on; undefined if none is available. */
  nextWorker(): Worker | undefined {
    return this.#dispatcher.next()
  }

  /** The present state as plain data. */
  status(): ServerStatus {
    return {
      pid: process.pid,
      state: this.#state,
      file: this.file,
      generation: this.#current.number,
      version: this.#current.version,
      numWorkers: this.#numWorkers,
      reloading: this.#reloader.running,
      held: this.#dispatcher.held,
      workers: [...this.#fleet.alive].map(describeWorker)
    }
  }

  /**
   * Ends the server: it stops accepting connections, finishes what is in flight for `workerTimeout` at
   * most, ends the workers and closes the server. Resolves when all is gone; further calls share the
   * first one's promise. It wins over a reload that runs.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  protected override async handleRequest(
    req: DistributorRequest,
    res: ServerResponse,
    next: Next
  ): Promise<void> {
    const visit = this.#dispatcher.visit(req, false)
    const forward = (upstream: Upstream): Promise<Outcome> => {
      if (visit !== undefined) giveCookie(visit, res)
      return this.forwardRequest(req, res, upstream)
    }
    const error = await this.#dispatcher.serve('request', clientOf(req), forward, visit)
    if (error !== undefined) next(error)
  }

  protected override async handleUpgrade(req: DistributorRequest, socket: Duplex, next: Next): Promise<void> {
    const visit = this.#dispatcher.visit(req, true)
    const forward = (upstream: Upstream): Promise<Outcome> =>
      this.forwardUpgrade(req, socket, upstream, cookieLine(visit))
    const error = await this.#dispatcher.serve('upgrade', socket, forward, visit)
    if (error !== undefined) next(error)
  }

  #connectFleet(): void {
    this.#fleet
      .on('available', worker => this.#dispatcher.add(worker))
      .on('unavailable', worker => this.#dispatcher.remove(worker))
      .on('spawn', worker => this.emit('spawn', worker))
      .on('retire', worker => this.emit('retire', worker))
      .on('terminate', worker => this.emit('terminate', worker))
      .on('fail', error => this.emit('fail', error))
  }

  #addKept(n: number): Slot[] {
    return Array.from({ length: n }, () => {
      const slot = this.#fleet.addSlot(this.#current)
      slot.keep()
      return slot
    })
  }

  #assertOpen(): void {
    if (this.#state !== 'running') throw closedError()
  }

  async #close(): Promise<void> {
    this.#state = 'closing'
    this.#reloader.close()
    this.#fleet.retireStandby()
    this.#dispatcher.close()
    this.traffic.stopAccepting()
    await this.traffic.whenIdle(this.#options.workerTimeoutMs)
    this.#dispatcher.rejectHeld()
    for (const generation of [...this.#fleet.generations]) this.#fleet.retire(generation, 0)
    // Also those that had retired before, and linger for clients that cannot come any more.
    for (const worker of this.#fleet.alive) worker.terminate()
    await this.#fleet.whenGone()
    await this.#fleet.close()
    await this.traffic.end()
    this.#front?.detach()
    this.detach()
    this.#state = 'closed'
  }
}
