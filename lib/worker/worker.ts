import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { EventEmitter } from 'eventemitter3'
import { UpError, type ErrorCode } from '../errors.js'
import type { Address } from '../proxy/address.js'
import { Channel } from './channel.js'
import { Drain } from './drain.js'
import { forkWorker, type WorkerSpec } from './fork-worker.js'
import { Heartbeat } from './heartbeat.js'
import { Listenings } from './listenings.js'
import type { FromWorker, Vitals } from './messages.js'
import { Sharer } from './sharer.js'
import { Termination } from './termination.js'
import type { ReadyState, WorkerEvents, WorkKind } from './worker-events.js'
import { afterStderr, lateness, silence, startFailure, workerFailure } from './worker-failure.js'
import { WorkerOutput } from './worker-output.js'

export type { ReadyState, WorkKind } from './worker-events.js'

/**
 * The master's side of one worker process. An exit shows in `readyState` in the same tick; whoever
 * selects workers needs no other sign.
 */
export class Worker extends EventEmitter<WorkerEvents> {
  readonly proc: ChildProcess
  /** What it writes. */
  readonly output: WorkerOutput
  /** When it was started, in milliseconds since the epoch. */
  readonly birthtime = Date.now()
  readonly generation: number
  /** Number of its place in its generation, from 0. */
  readonly slot: number
  readonly weight = 1
  /** The app's version when its generation was started. */
  readonly version: string | undefined
  /** Requests that it is answering. */
  inFlight = 0
  /** Upgrades, such as WebSockets, that are open. */
  upgrades = 0
  /** Requests and upgrades that it was given, in all. */
  requests = 0
  /** By its last report. */
  vitals: Vitals | undefined
  /** Its servers that listen. */
  readonly listenings: Listenings
  /** Its connections, where it accepts them itself. */
  readonly sharer: Sharer
  readonly #spec: WorkerSpec
  readonly #channel: Channel
  readonly #born = performance.now()
  #readyState: ReadyState = 'spawning'
  #saidReady = false
  #cause: UpError | undefined
  readonly #heartbeat: Heartbeat
  readonly #drain: Drain
  #startTimer: NodeJS.Timeout | undefined
  readonly #termination: Termination

  constructor(spec: WorkerSpec) {
    super()
    this.#spec = spec
    this.generation = spec.generation
    this.slot = spec.slot
    this.version = spec.version
    this.proc = forkWorker(spec)
    this.output = new WorkerOutput(this.proc, spec)
    this.#channel = new Channel(this.proc, (message, socket) => this.#onMessage(message, socket))
    this.#termination = new Termination(this.proc, this.#channel, spec.killTimeoutMs)
    this.sharer = new Sharer(this.#channel, spec.killTimeoutMs)
    this.listenings = new Listenings({
      nextBind: spec.nextBind,
      clientField: spec.start.clientField,
      send: answer => this.#channel.send(answer),
      tell: (event, listening) => this.emit(event, listening)
    })
    this.#heartbeat = new Heartbeat(
      spec.unresponsiveTimeoutMs,
      id => this.#channel.send({ type: 'up:ping', id }),
      () => this.#giveUp('UP_ERR_WORKER_UNRESPONSIVE', silence(spec.unresponsiveTimeoutMs))
    )
    this.#drain = new Drain(spec.lingerMs, () => this.sharer.afterMoves(() => this.terminate()))
    if (this.proc.pid !== undefined) spec.guard.add(this.proc.pid)
    this.proc
      .on('exit', () => this.#onGone())
      .on('error', cause => {
        this.#cause ??= startFailure(cause)
        if (this.proc.pid === undefined) this.#onGone()
      })
    this.#channel.send(spec.start)
    const onLate = (): void =>
      this.#giveUp('UP_ERR_WORKER_START', lateness(this.listenings.bound, spec.readyTimeoutMs))
    if (spec.readyTimeoutMs > 0) this.#startTimer = setTimeout(onLate, spec.readyTimeoutMs)
  }

  get pid(): number | undefined {
    return this.proc.pid
  }

  get readyState(): ReadyState {
    return this.#readyState
  }

  /** Whether it serves: also a retired one does, until it is told to end. */
  get serves(): boolean {
    return this.#readyState === 'spawned' || (this.#readyState === 'terminating' && !this.#termination.begun)
  }

  /** The loopback port where it listens, with `workerBind: 'port'`. */
  get port(): number | undefined {
    const { address } = this
    return address !== undefined && 'port' in address ? address.port : undefined
  }

  /** Where it listens for the master; undefined until then, or if clients connect to it themselves. */
  get address(): Address | undefined {
    return this.listenings.primary?.address
  }

  /** Time since its start, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#born
  }

  get exitCode(): number | null {
    return this.proc.exitCode
  }

  get signalCode(): NodeJS.Signals | null {
    return this.proc.signalCode
  }

  /** Counts a request or upgrade that it is given: to be called in the tick of its selection. */
  claim(kind: WorkKind): void {
    this.requests++
    if (this.#readyState === 'terminating') this.#drain.onBusy()
    if (kind === 'request') this.inFlight++
    else this.upgrades++
  }

  /** Counts the end of what was claimed. */
  release(kind: WorkKind): void {
    if (kind === 'request') this.inFlight--
    else this.upgrades--
    this.#checkIdle()
  }

  /**
   * Takes it out of rotation. It is ended as soon as nothing is in flight, or when the time is over;
   * where clients are bound to workers, these go on until they are quiet.
   *
   * @param drainMs how long it may finish its work, in milliseconds
   */
  retire(drainMs: number): void {
    if (this.#readyState !== 'spawning' && this.#readyState !== 'spawned') return
    const wasReady = this.#readyState === 'spawned'
    this.#enter('terminating')
    if (wasReady) this.emit('retire')
    if (wasReady) this.sharer.retire(true)
    if (wasReady) this.#drain.begin(drainMs, this.#isIdle)
    else this.terminate()
  }

  /** Ends it now: SIGTERM, and SIGKILL when `killTimeout` has passed. */
  terminate(): void {
    if (this.#termination.begun || this.#readyState === 'terminated') return
    if (this.#readyState !== 'terminating') return this.retire(0)
    this.emit('ending')
    this.#termination.begin()
  }

  /** Asks it for a sign of life. Resolves when that has come, when it is gone, or when the time is over. */
  async signOfLife(timeoutMs: number): Promise<void> {
    if (this.#readyState !== 'terminated') await this.#heartbeat.signOfLife(timeoutMs)
  }

  /** Kills it at once. */
  kill(): void {
    if (this.#readyState !== 'terminated') this.proc.kill('SIGKILL')
  }

  get #isIdle(): boolean {
    return this.inFlight === 0 && this.upgrades === 0 && this.sharer.isDrained
  }

  #checkIdle(): void {
    if (this.#readyState === 'terminating' && this.#isIdle) this.#drain.onIdle()
  }

  /** The only place where the state changes. */
  #enter(state: ReadyState): void {
    this.#readyState = state
    clearTimeout(this.#startTimer)
    if (state === 'spawned') {
      if (this.#spec.pingIntervalMs !== false) this.#heartbeat.start(this.#spec.pingIntervalMs)
      this.#spec.echo.forget()
    }
    if (state !== 'terminated') return this.output.release()
    this.#heartbeat.stop()
    this.#drain.stop()
    this.sharer.end()
    this.#termination.stop()
    if (this.proc.pid !== undefined) this.#spec.guard.remove(this.proc.pid)
  }

  #onMessage(message: FromWorker, socket: Socket | undefined): void {
    if (message.type === 'up:pong') return this.#heartbeat.answer(message.id)
    this.#heartbeat.heard()
    switch (message.type) {
      case 'up:vitals':
        return void (this.vitals = message)
      case 'up:failed':
        return void (this.#cause = new UpError(message.code, message.message))
      case 'up:ready':
        this.#saidReady = true
        break
      case 'up:listen':
      case 'up:bound':
      case 'up:unbound':
        this.listenings.onMessage(message)
        break
      default:
        this.sharer.note(message)
        this.emit('sharing', message, socket)
        return this.#checkIdle()
    }
    if (this.#readyState !== 'spawning' || !this.listenings.bound) return
    if (!this.#saidReady && !this.#spec.start.assumeReady) return
    this.#enter('spawned')
    this.emit('ready')
  }

  #giveUp(code: ErrorCode, why: string): void {
    this.#cause = new UpError(code, `the worker ${why}`)
    this.kill()
  }

  #onGone(): void {
    if (this.#readyState === 'terminated') return
    const before = this.#readyState
    if (before === 'spawning') this.#cause = this.listenings.refused ?? this.#cause
    this.#enter('terminated')
    this.emit('gone')
    if (before === 'terminating') return
    afterStderr(this.proc, () => {
      this.output.failed()
      const wasReady = before === 'spawned'
      this.emit('fail', workerFailure(this.proc, this.#spec, wasReady, this.output.stderr, this.#cause))
    })
  }
}
