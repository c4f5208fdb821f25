import { setTimeout as delay } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { RoundRobin } from '../balance/round-robin.js'
import type { Next } from '../distributor/chain.js'
import { Distributor } from '../distributor/distributor.js'
import type { DistributorRequest, ProxiedServer } from '../distributor/middleware.js'
import { UpError } from '../errors.js'
import type { ResolvedOptions, UpOptions } from '../options/options.js'
import { asWhole } from '../options/checks.js'
import { resolveOptions } from '../options/resolve-options.js'
import { MAX_WORKERS } from '../options/worker-count.js'
import { resolveModule } from '../options/module-path.js'
import type { Outcome } from '../proxy/outcome.js'
import { Upstream } from '../proxy/upstream.js'
import { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Slot } from '../worker/slot.js'
import type { Worker, WorkKind } from '../worker/worker.js'
import type { ReloadResult, ServerStatus, UpServerEvents } from './api.js'
import { HoldQueue } from './hold-queue.js'
import { Reloader, type ReloadCallback } from './reloader.js'
import { describeWorker } from './status.js'

/** All workers refused a connection: how long until they are tried again, in milliseconds. */
const REFUSED_PAUSE_MS = 50

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
  readonly #policy = new RoundRobin<Worker>()
  readonly #upstreams = new Map<Worker, Upstream>()
  readonly #held: HoldQueue
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
    super(server, { trustProxy: resolved.trust, proxyTimeout: resolved.proxyTimeoutMs })
    this.file = path
    this.#options = resolved
    this.#numWorkers = resolved.numWorkers
    this.#held = new HoldQueue(resolved.maxHeld, resolved.holdTimeoutMs)
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
    const slots = this.#fleet.generations.flatMap(generation => [...generation.slots])
    if (slots.length < n) {
      await Promise.all(this.#addKept(n - slots.length).map(slot => slot.firstStart))
      return
    }
    // Those that cannot serve go first, then the oldest.
    const order = [...slots.filter(slot => !slot.available), ...slots.filter(slot => slot.available)]
    const excess = new Set(order.slice(0, slots.length - n))
    for (const generation of [...this.#fleet.generations]) {
      const going = [...generation.slots].filter(slot => excess.has(slot))
      if (going.length > 0) this.#fleet.retire(generation, this.#options.workerTimeoutMs, going)
    }
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
    return this.#policy.select()
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
      held: this.#held.size,
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
    const error = await this.#serve('request', req.socket, upstream =>
      this.forwardRequest(req, res, upstream)
    )
    if (error !== undefined) next(error)
  }

  protected override async handleUpgrade(req: DistributorRequest, socket: Duplex, next: Next): Promise<void> {
    const error = await this.#serve('upgrade', socket, upstream => this.forwardUpgrade(req, socket, upstream))
    if (error !== undefined) next(error)
  }

  /** Finds a worker, or waits for one, and forwards; returns why that failed, if the client is to know. */
  async #serve(
    kind: WorkKind,
    client: Duplex,
    forward: (upstream: Upstream) => Promise<Outcome>
  ): Promise<UpError | undefined> {
    const since = performance.now()
    let avoid: Worker | undefined
    let repeated = false
    for (;;) {
      const worker = this.#policy.select(avoid)
      const upstream = worker === undefined ? undefined : this.#upstreams.get(worker)
      if (worker === undefined || upstream === undefined) {
        const refusal = await this.#hold(client, since)
        if (refusal !== undefined) return refusal.code === 'UP_ERR_CLIENT_CLOSED' ? undefined : refusal
        continue
      }
      worker.claim(kind)
      const outcome = await forward(upstream)
      worker.release(kind)
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

  async #hold(client: Duplex, since: number): Promise<UpError | undefined> {
    if (this.#state !== 'running') return closedError()
    try {
      await this.#held.wait(client, since)
      return undefined
    } catch (error) {
      return error instanceof UpError ? error : closedError()
    }
  }

  #connectFleet(): void {
    this.#fleet
      .on('available', worker => {
        const { address, clientField } = worker
        if (address === undefined) return
        this.#upstreams.set(
          worker,
          new Upstream(address, { timeoutMs: this.#options.proxyTimeoutMs, clientField })
        )
        this.#policy.add(worker)
        this.#held.releaseAll()
      })
      .on('unavailable', worker => {
        this.#policy.remove(worker)
        this.#upstreams.get(worker)?.close()
        this.#upstreams.delete(worker)
      })
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
    this.#retireStandby()
    if (this.workers.length === 0) this.#held.rejectAll(closedError())
    this.traffic.stopAccepting()
    await this.traffic.whenIdle(this.#options.workerTimeoutMs)
    this.#held.rejectAll(closedError())
    for (const generation of [...this.#fleet.generations]) this.#fleet.retire(generation, 0)
    await this.#fleet.whenGone()
    await this.#fleet.close()
    await this.traffic.end()
    this.detach()
    this.#state = 'closed'
  }

  /** What does not serve yet will not be needed. */
  #retireStandby(): void {
    for (const generation of [...this.#fleet.generations]) {
      const going = generation.serving
        ? [...generation.slots].filter(slot => !slot.available)
        : generation.slots
      this.#fleet.retire(generation, 0, going)
    }
  }
}

function closedError(): UpError {
  return new UpError('UP_ERR_CLOSED', 'the server is closing')
}
