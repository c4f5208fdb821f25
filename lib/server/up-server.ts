import type { ServerResponse } from 'node:http'
import { createPolicyWithCanary } from '../balance/create-policy.js'
import type { Visit } from '../balance/policy.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import { asWhole } from '../options/checks.js'
import { resolveModule } from '../options/module-path.js'
import type { UpOptions } from '../options/options.js'
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
import { connectFleet } from './connect-fleet.js'
import { lastWord } from './last-word.js'
import { LiveUpOptions } from './live-up-options.js'
import { looked } from './looked.js'
import { parsePause, parseResume, together } from './pause-options.js'
import { parseReload } from './reload-options.js'
import type { ReloadCallback } from './reloader.js'
import { RequestsOnly } from './requests-only.js'
import { describeServer, type ServerParts } from './status.js'
import { Switching } from './switching.js'

/**
 * A Distributor whose last handlers balance requests and upgrades over worker processes, which run the
 * user's module, and which `reload()` replaces without a client noticing.
 */
export class UpServer extends BalancedServer<Worker, UpServerEvents> {
  /** The user's module, as an absolute path. */
  readonly file: string
  /** What a reload may change. */
  protected readonly live: LiveUpOptions
  readonly #requestsOnly: RequestsOnly
  readonly #parts: ServerParts

  /**
   * Starts the workers. The server may listen already, or later.
   *
   * @param server whose requests and upgrades are served
   * @param file the user's module; relative to the option `cwd`
   * @throws {OptionError} `UP_ERR_OPTION`: an argument or an option is wrong, or there is no such module
   * @throws {UpError} `UP_ERR_ENGINE`: the app's `engines.node` does not allow this Node
   */
  constructor(server: ProxiedServer, file: string, options: UpOptions = {}) {
    const live = new LiveUpOptions(options)
    const resolved = live.now
    const path = resolveModule(file, resolved.cwd)
    const policy = createPolicyWithCanary<Worker>(resolved.balance, resolved.trust)
    super(server, resolved, { policy, what: 'a worker' })
    this.file = path
    this.live = live
    this.#requestsOnly = new RequestsOnly(resolved.transport)
    const fleet = new Fleet(path, resolved)
    const onFail = (error: Error): void => lastWord(error, this.emit('fail', error))
    const { ports, shared } = connectFleet(fleet, {
      server,
      dispatcher: this.dispatcher,
      options: resolved,
      isOnTrial: ({ generation }) => this.#parts.switching.standby?.generation.number === generation,
      tell: (event, worker) => this.emit(event, worker),
      onOpen: port => this.emit('listening', port),
      onFail
    })
    try {
      const switching = new Switching(fleet, live, policy, {
        onSwitched: result => {
          ports.onSwitched(result.generation)
          this.emit('reload', result)
        },
        onStandby: result => this.emit('standby', result),
        onFail
      })
      this.#parts = { fleet, ports, shared, switching, meter: this.dispatcher.meter }
    } catch (error) {
      this.release()
      void fleet.close()
      throw error
    }
    if (resolved.title !== undefined) process.title = `${resolved.title} master`
    this.#parts.switching.start()
  }

  /** The number of the generation that serves; the first is 1. */
  get generation(): number {
    return this.#parts.switching.current.number
  }

  /** How many workers there should be. */
  get numWorkers(): number {
    return this.#parts.switching.numWorkers
  }

  /** The workers that are ready and not retired, without those that stand by. */
  get workers(): Worker[] {
    return this.#parts.fleet.generations.flatMap(generation => generation.workersIn('spawned'))
  }

  /** The workers that are not ready yet, without those that are to stand by. */
  get spawning(): Worker[] {
    return this.#parts.fleet.generations.flatMap(generation => generation.workersIn('spawning'))
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
    const plan = parseReload(options)
    this.#requestsOnly.option('reload({ canary })', plan.canary)
    return looked(this.#parts.switching.reload(plan, callback))
  }

  /**
   * Gives the waiting generation all new requests, in one tick; the old workers retire. Event `reload`.
   *
   * Rejects with `UP_ERR_STANDBY` when none waits, or none of its workers can serve: then nothing changes.
   */
  promote(): Promise<ReloadResult> {
    return looked(this.#parts.switching.promote())
  }

  /** Ends the waiting generation. Resolves when its processes are gone. Rejects with `UP_ERR_STANDBY`: none waits. */
  abort(): Promise<void> {
    return looked(this.#parts.switching.abort())
  }

  /**
   * Brings the previous generation back: in one tick while its workers are kept (see the option `keepPrevious`),
   * otherwise as a reload that starts the same files, also where a link leads to others by now. Event `reload`.
   *
   * Rejects with `UP_ERR_STANDBY` when there is no previous one, or as `reload()` does.
   */
  rollback(): Promise<ReloadResult> {
    return looked(this.#parts.switching.rollback())
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
    return looked(this.#parts.switching.scale(n))
  }

  /** Starts more workers beyond `numWorkers`: until they die, or until the next reload. */
  spawnWorkers(n: number): Worker[] {
    asWhole('spawnWorkers(n): n', n, 1, MAX_WORKERS)
    this.assertOpen()
    const slots = Array.from({ length: n }, () => this.#parts.fleet.addSlot(this.#parts.switching.current))
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
    const { timeoutMs } = parsePause(options)
    this.#requestsOnly.option('pause({ holdTimeout })', options.holdTimeout)
    const forwarded = [super.pause(options), ...this.#parts.ports.pause(options)]
    return together(await Promise.all([...forwarded, this.#parts.shared.pause(timeoutMs)]))
  }

  override async resume(options: ResumeOptions = {}): Promise<void> {
    parseResume(options)
    this.#requestsOnly.option('resume({ rate })', options.rate)
    this.#parts.shared.resume()
    await Promise.all([super.resume(options), ...this.#parts.ports.resume(options)])
  }

  /** The present state as plain data. */
  status(): ServerStatus {
    const hold = this.dispatcher.gate.status
    return describeServer(this.file, this.state, hold, this.#parts)
  }

  protected override announce(event: 'pause' | 'resume', status: HoldStatus): void {
    this.emit(event, status)
  }

  protected override onVisit(visit: Visit, res: ServerResponse): void {
    this.#parts.switching.standby?.watch(visit, res)
  }

  protected override get closeTimeoutMs(): number {
    return this.live.now.workerTimeoutMs
  }

  protected override assertMiddleware(call: string): void {
    this.#requestsOnly.middleware(call)
  }

  protected override async whenDrained(timeoutMs: number): Promise<void> {
    await Promise.all([super.whenDrained(timeoutMs), this.#parts.shared.drain(timeoutMs)])
  }

  protected override onClosing(): void {
    this.#parts.switching.close()
    this.#parts.ports.stop()
    this.#parts.shared.stop()
  }

  protected override async endBackends(): Promise<void> {
    await this.#parts.ports.whenStopped()
    this.#parts.fleet.retireAll()
    await this.#parts.fleet.whenGone()
    await this.#parts.ports.close()
    await this.#parts.fleet.close()
  }
}
