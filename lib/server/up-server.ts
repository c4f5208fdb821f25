import { createPolicyWithCanary } from '../balance/create-policy.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import { asWhole } from '../options/checks.js'
import { resolveModule } from '../options/module-path.js'
import type { ResolvedOptions, UpOptions } from '../options/options.js'
import { resolveOptions } from '../options/resolve-options.js'
import { MAX_WORKERS } from '../options/worker-count.js'
import { HoldQueue } from '../proxy/hold-queue.js'
import { Upstream } from '../proxy/upstream.js'
import { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Slot } from '../worker/slot.js'
import type { Worker } from '../worker/worker.js'
import type { HoldStatus, ReloadResult, ServerStatus, UpServerEvents } from './api.js'
import { BalancedServer } from './balanced-server.js'
import { Reloader, type ReloadCallback } from './reloader.js'
import { scaleTo } from './scaler.js'
import { describeWorker } from './status.js'

/**
 * A Distributor whose last handlers balance requests and upgrades over worker processes, which run the
 * user's module, and which `reload()` replaces without a client noticing.
 */
export class UpServer extends BalancedServer<Worker, UpServerEvents> {
  /** The user's module, as an absolute path. */
  readonly file: string
  readonly #options: ResolvedOptions
  readonly #fleet: Fleet
  readonly #reloader: Reloader
  #numWorkers: number
  #current: Generation

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
    super(server, resolved, createPolicyWithCanary<Worker>(resolved.balance, resolved.trust), 'a worker')
    this.file = path
    this.#options = resolved
    this.#numWorkers = resolved.numWorkers
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
      this.release()
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
    this.assertOpen()
    await this.#reloader.whenIdle()
    this.assertOpen()
    this.#numWorkers = n
    await scaleTo(n, this.#fleet, count => this.#addKept(count), this.#options.workerTimeoutMs)
  }

  /** Starts more workers beyond `numWorkers`: until they die, or until the next reload. */
  spawnWorkers(n: number): Worker[] {
    asWhole('spawnWorkers(n): n', n, 1, MAX_WORKERS)
    this.assertOpen()
    const slots = Array.from({ length: n }, () => this.#fleet.addSlot(this.#current))
    return slots.flatMap(({ worker }) => (worker === undefined ? [] : [worker]))
  }

  /** Starts one more worker: see {@link spawnWorkers}. */
  spawnWorker(): Worker | undefined {
    return this.spawnWorkers(1)[0]
  }

  /** The worker whose turn is next, and gives the turn on; undefined if none is available. */
  nextWorker(): Worker | undefined {
    return this.dispatcher.next()
  }

  /** The present state as plain data. */
  status(): ServerStatus {
    return {
      pid: process.pid,
      state: this.state,
      file: this.file,
      generation: this.#current.number,
      version: this.#current.version,
      numWorkers: this.#numWorkers,
      reloading: this.#reloader.running,
      ...this.dispatcher.gate.status,
      workers: [...this.#fleet.alive].map(describeWorker)
    }
  }

  protected override announce(event: 'pause' | 'resume', status: HoldStatus): void {
    this.emit(event, status)
  }

  protected override get closeTimeoutMs(): number {
    return this.#options.workerTimeoutMs
  }

  protected override onClosing(): void {
    this.#reloader.close()
    this.#fleet.retireStandby()
  }

  protected override async endBackends(): Promise<void> {
    for (const generation of [...this.#fleet.generations]) this.#fleet.retire(generation, 0)
    // Also those that had retired before, and linger for clients that cannot come any more.
    for (const worker of this.#fleet.alive) worker.terminate()
    await this.#fleet.whenGone()
    await this.#fleet.close()
  }

  #connectFleet(): void {
    this.#fleet
      .on('available', worker => this.#add(worker))
      .on('unavailable', worker => this.dispatcher.remove(worker))
      .on('spawn', worker => this.emit('spawn', worker))
      .on('retire', worker => this.emit('retire', worker))
      .on('terminate', worker => this.emit('terminate', worker))
      .on('fail', error => this.emit('fail', error))
  }

  #add(worker: Worker): void {
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
    this.dispatcher.add(worker, upstream)
  }

  #addKept(n: number): Slot[] {
    return Array.from({ length: n }, () => {
      const slot = this.#fleet.addSlot(this.#current)
      slot.keep()
      return slot
    })
  }
}
