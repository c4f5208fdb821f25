import type { ServerResponse } from 'node:http'
import { createPolicyWithCanary } from '../balance/create-policy.js'
import type { Visit } from '../balance/policy.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import { asWhole } from '../options/checks.js'
import { resolveModule } from '../options/module-path.js'
import type { ResolvedOptions, UpOptions } from '../options/options.js'
import { resolveOptions } from '../options/resolve-options.js'
import { MAX_WORKERS } from '../options/worker-count.js'
import { Fleet } from '../worker/fleet.js'
import type { Worker } from '../worker/worker.js'
import type {
  HoldStatus,
  PauseOptions,
  PauseResult,
  ReloadOptions,
  ReloadResult,
  ResumeOptions,
  ServerStatus,
  UpServerEvents
} from './api.js'
import { BalancedServer } from './balanced-server.js'
import { connectFleet, giveRequests, type FleetUsers } from './connect-fleet.js'
import { parsePause, parseResume, together } from './pause-options.js'
import { Ports } from './ports.js'
import { parseReload } from './reload-options.js'
import type { ReloadCallback } from './reloader.js'
import { describeWorker } from './status.js'
import { Switching } from './switching.js'

/**
 * A Distributor whose last handlers balance requests and upgrades over worker processes, which run the
 * user's module, and which `reload()` replaces without a client noticing.
 */
export class UpServer extends BalancedServer<Worker, UpServerEvents> {
  /** The user's module, as an absolute path. */
  readonly file: string
  readonly #options: ResolvedOptions
  readonly #fleet: Fleet
  readonly #ports: Ports
  readonly #switching: Switching

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
    const policy = createPolicyWithCanary<Worker>(resolved.balance, resolved.trust)
    super(server, resolved, policy, 'a worker')
    this.file = path
    this.#options = resolved
    this.#fleet = new Fleet(path, resolved)
    const { dispatcher } = this
    const onFail = (error: Error): boolean => this.emit('fail', error)
    this.#ports = new Ports({
      server,
      options: resolved,
      isOnTrial: ({ generation }) => this.#switching.standby?.generation.number === generation,
      onPrimary: worker => giveRequests(worker, dispatcher, resolved),
      onOpen: port => this.emit('listening', port),
      onFail
    })
    const tell: FleetUsers['tell'] = (event, worker) => this.emit(event, worker)
    connectFleet(this.#fleet, { dispatcher, ports: this.#ports, options: resolved, tell, onFail })
    try {
      this.#switching = new Switching(this.#fleet, resolved, policy, {
        onSwitched: result => {
          this.#ports.onSwitched(result.generation)
          this.emit('reload', result)
        },
        onStandby: result => this.emit('standby', result),
        onFail
      })
    } catch (error) {
      this.release()
      void this.#fleet.close()
      throw error
    }
    if (resolved.title !== undefined) process.title = `${resolved.title} master`
    this.#switching.start()
  }

  /** The number of the generation that serves; the first is 1. */
  get generation(): number {
    return this.#switching.current.number
  }

  /** How many workers there should be. */
  get numWorkers(): number {
    return this.#switching.numWorkers
  }

  /** The workers that are ready and not retired, without those that stand by. */
  get workers(): Worker[] {
    return this.#fleet.generations.flatMap(generation => generation.workersIn('spawned'))
  }

  /** The workers that are not ready yet, without those that are to stand by. */
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
   * With `standby` the new generation waits, ready, for `promote()` or `abort()`: event `standby`. With `canary` it
   * has a share of the clients meanwhile. One that waits already is aborted first.
   *
   * @param fn called with the first new worker, as soon as it is ready
   * @throws {OptionError} `UP_ERR_OPTION`: an option has a wrong value
   */
  reload(fn?: ReloadCallback): Promise<ReloadResult>
  reload(options: ReloadOptions, fn?: ReloadCallback): Promise<ReloadResult>
  reload(first: ReloadOptions | ReloadCallback = {}, fn?: ReloadCallback): Promise<ReloadResult> {
    const [options, callback] = typeof first === 'function' ? [{}, first] : [first, fn]
    const plan = parseReload(options, this.#options.keepPrevious)
    return looked(this.#switching.reload(plan, callback))
  }

  /**
   * Gives the waiting generation all new requests, in one tick; the old workers retire. Event `reload`.
   *
   * Rejects with `UP_ERR_STANDBY` when none waits, or none of its workers can serve: then nothing changes.
   */
  promote(): Promise<ReloadResult> {
    return looked(this.#switching.promote())
  }

  /** Ends the waiting generation. Resolves when its processes are gone. Rejects with `UP_ERR_STANDBY`: none waits. */
  abort(): Promise<void> {
    return looked(this.#switching.abort())
  }

  /**
   * Brings the previous generation back: in one tick while its workers are kept (see the option `keepPrevious`),
   * otherwise as a reload that starts the same files, also where a link leads to others by now. Event `reload`.
   *
   * Rejects with `UP_ERR_STANDBY` when there is no previous one, or as `reload()` does.
   */
  rollback(): Promise<ReloadResult> {
    return looked(this.#switching.rollback())
  }

  /**
   * Changes the number of workers, after a reload that runs. Resolves when the new ones are ready;
   * rejects with a WorkerError when one failed, which is then tried again as any other, or with `UP_ERR_CLOSED` when
   * one was no longer wanted before it was ready.
   *
   * @param n from 1 to 1024
   * @throws {OptionError} `UP_ERR_OPTION`
   */
  scale(n: number): Promise<void> {
    try {
      asWhole('scale(n): n', n, 1, MAX_WORKERS)
      this.assertOpen()
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    return looked(this.#switching.scale(n))
  }

  /** Starts more workers beyond `numWorkers`: until they die, or until the next reload. */
  spawnWorkers(n: number): Worker[] {
    asWhole('spawnWorkers(n): n', n, 1, MAX_WORKERS)
    this.assertOpen()
    const slots = Array.from({ length: n }, () => this.#fleet.addSlot(this.#switching.current))
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

  override async pause(options: PauseOptions = {}): Promise<PauseResult> {
    parsePause(options)
    return together(await Promise.all([super.pause(options), ...this.#ports.pause(options)]))
  }

  override async resume(options: ResumeOptions = {}): Promise<void> {
    parseResume(options)
    await Promise.all([super.resume(options), ...this.#ports.resume(options)])
  }

  /** The present state as plain data. */
  status(): ServerStatus {
    return {
      pid: process.pid,
      state: this.state,
      file: this.file,
      generation: this.generation,
      version: this.#switching.current.version,
      numWorkers: this.numWorkers,
      reloading: this.#switching.busy,
      standby: this.#switching.standby?.status ?? null,
      canary: this.#switching.standby?.canaryStatus ?? null,
      ...this.dispatcher.gate.status,
      workers: [...this.#fleet.alive].map(describeWorker),
      ports: this.#ports.list()
    }
  }

  protected override announce(event: 'pause' | 'resume', status: HoldStatus): void {
    this.emit(event, status)
  }

  protected override onVisit(visit: Visit, res: ServerResponse): void {
    this.#switching.standby?.watch(visit, res)
  }

  protected override get closeTimeoutMs(): number {
    return this.#options.workerTimeoutMs
  }

  protected override onClosing(): void {
    this.#switching.close()
    this.#ports.stop()
  }

  protected override async endBackends(): Promise<void> {
    await this.#ports.whenStopped()
    this.#fleet.retireAll(this.closeTimeoutMs)
    await this.#fleet.whenGone()
    await this.#ports.close()
    await this.#fleet.close()
  }
}

/** Who does not look at the promise hears of a failure by the event `fail`. */
function looked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
