import type { ChildProcess, SendHandle } from 'node:child_process'
import { EventEmitter } from 'eventemitter3'
import { UpError, type ErrorCode } from '../errors.js'
import type { Address } from '../proxy/address.js'
import { Drain } from './drain.js'
import { forkWorker, type WorkerSpec } from './fork-worker.js'
import { Heartbeat } from './heartbeat.js'
import { Listenings } from './listenings.js'
import { isOurs, type FromWorker, type ToWorker } from './messages.js'
import type { FollowedStderr } from './stderr-echo.js'
import { TextTail } from './text-tail.js'
import type { ReadyState, WorkerEvents, WorkKind } from './worker-events.js'
import { afterStderr, lateness, silence, workerFailure } from './worker-failure.js'

export type { ReadyState, WorkKind } from './worker-events.js'

/** So much of a worker's stderr goes into the error when it fails, in bytes. */
const STDERR_TAIL = 16_384

/**
 * The master's side of one worker process. An exit shows in `readyState` in the same tick; whoever
 * selects workers needs no other sign.
 */
export class Worker extends EventEmitter<WorkerEvents> {
  readonly proc: ChildProcess
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
  /** Its servers that listen. */
  readonly listenings: Listenings
  readonly #spec: WorkerSpec
  readonly #stderr = new TextTail(STDERR_TAIL)
  readonly #shown: FollowedStderr
  readonly #born = performance.now()
  #readyState: ReadyState = 'spawning'
  #saidReady = false
  #cause: UpError | undefined
  readonly #heartbeat: Heartbeat
  readonly #drain: Drain
  #startTimer: NodeJS.Timeout | undefined
  #killTimer: NodeJS.Timeout | undefined
  #ending = false
  /** Whether it may have connections that the master does not see. */
  #leaving = false

  constructor(spec: WorkerSpec) {
    super()
    this.#spec = spec
    this.generation = spec.generation
    this.slot = spec.slot
    this.version = spec.version
    this.proc = forkWorker(spec, this.#stderr)
    this.listenings = new Listenings({
      nextBind: spec.nextBind,
      clientField: spec.start.clientField,
      send: (answer, handle) => this.#send(answer, handle),
      tell: (event, listening) => this.emit(event, listening)
    })
    this.#heartbeat = new Heartbeat(
      spec.unresponsiveTimeoutMs,
      id => this.#send({ type: 'up:ping', id }),
      () => this.#giveUp('UP_ERR_WORKER_UNRESPONSIVE', silence(spec.unresponsiveTimeoutMs))
    )
    this.#drain = new Drain(spec.lingerMs, () => this.terminate())
    this.#shown = spec.echo.follow(this.proc.stderr)
    if (this.proc.pid !== undefined) spec.guard.add(this.proc.pid)
    this.proc
      .on('message', message => {
        if (isOurs(message)) this.#onMessage(message as FromWorker)
      })
      .on('exit', () => this.#onGone())
      .on('error', cause => {
        this.#cause ??= new UpError('UP_ERR_WORKER_START', `cannot start a worker: ${cause.message}`, {
          cause
        })
        if (this.proc.pid === undefined) this.#onGone()
      })
    this.#send(spec.start)
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
    return this.#readyState === 'spawned' || (this.#readyState === 'terminating' && !this.#ending)
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
    if (this.#readyState === 'terminating' && this.#isIdle) this.#drain.onIdle()
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
    if (!wasReady) return this.terminate()
    this.emit('retire')
    this.#leaving = this.listenings.shared && drainMs > 0
    if (this.#leaving) this.#send({ type: 'up:retire' })
    this.#drain.begin(drainMs, this.#isIdle)
  }

  /** Ends it now: SIGTERM, and SIGKILL when `killTimeout` has passed. */
  terminate(): void {
    if (this.#ending || this.#readyState === 'terminated') return
    if (this.#readyState !== 'terminating') return this.retire(0)
    this.#ending = true
    this.emit('ending')
    this.#send({ type: 'up:close' })
    this.proc.kill('SIGTERM')
    this.#killTimer = setTimeout(() => this.proc.kill('SIGKILL'), this.#spec.killTimeoutMs)
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
    return this.inFlight === 0 && this.upgrades === 0 && !this.#leaving
  }

  /** The only place where the state changes. */
  #enter(state: ReadyState): void {
    this.#readyState = state
    clearTimeout(this.#startTimer)
    if (state === 'spawned') {
      if (this.#spec.pingIntervalMs !== false) this.#heartbeat.start(this.#spec.pingIntervalMs)
      this.#spec.echo.forget()
    }
    if (state !== 'terminated') return this.#shown.release()
    this.#heartbeat.stop()
    this.#drain.stop()
    clearTimeout(this.#killTimer)
    if (this.proc.pid !== undefined) this.#spec.guard.remove(this.proc.pid)
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'up:pong':
        return this.#heartbeat.answer(message.id)
      case 'up:failed':
        this.#cause = new UpError(message.code, message.message)
        return
      case 'up:left':
        this.#leaving = false
        if (this.#readyState === 'terminating' && this.#isIdle) this.#drain.onIdle()
        return
      case 'up:ready':
        this.#saidReady = true
        break
      default:
        this.listenings.onMessage(message)
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
    this.#enter('terminated')
    this.emit('gone')
    if (before === 'terminating') return
    afterStderr(this.proc, () => {
      const { file } = this.#spec.start
      this.#shown.failed()
      this.emit('fail', workerFailure(this.proc, file, before === 'spawned', this.#stderr, this.#cause))
    })
  }

  #send(message: ToWorker, handle?: SendHandle): void {
    // A worker that is gone already hears nothing; its exit tells.
    if (this.proc.connected) this.proc.send(message, handle, { keepOpen: true }, () => {})
  }
}
