import { UpError, WorkerError } from '../errors.js'
import type { Worker } from './worker.js'

/** The delay before the first replacement of a worker that died young, in milliseconds; it doubles each time. */
export const BACKOFF_MIN_MS = 100
/** The longest delay before a replacement, in milliseconds. */
export const BACKOFF_MAX_MS = 10_000

export interface SlotOptions {
  /** From 0, unlike any other's in its generation. */
  readonly number: number
  readonly keepAlive: boolean
  /** A worker that dies younger than this is replaced with backoff, in milliseconds. */
  readonly minExpectedLifetimeMs: number
  /** Starts a worker; may throw. */
  readonly spawn: () => Worker
  /** A worker could not even be forked. */
  readonly onSpawnError: (error: WorkerError) => void
}

/**
 * One place in a set of workers. On trial it has one worker, and is done when that dies. Once it is
 * kept, a worker that dies is replaced, with a backoff that only a long life resets: so a set never
 * dwindles for good, and never storms.
 */
export class Slot {
  /** Settles with the first worker: ready, or failed. Its rejection counts as handled. */
  readonly firstStart: Promise<Worker>
  readonly number: number
  readonly #options: SlotOptions
  #settle: { resolve: (worker: Worker) => void; reject: (error: Error) => void } | undefined
  #worker: Worker | undefined
  #kept = false
  #retired = false
  #delayMs = 0
  #timer: NodeJS.Timeout | undefined
  readonly #waiting: ((available: boolean) => void)[] = []

  constructor(options: SlotOptions) {
    this.#options = options
    this.number = options.number
    this.firstStart = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.firstStart.catch(() => {})
    this.#start()
  }

  /** Its worker, whatever its state; undefined between a death and a replacement. */
  get worker(): Worker | undefined {
    return this.#worker
  }

  /** Whether its worker can serve. */
  get available(): boolean {
    return this.#worker?.readyState === 'spawned'
  }

  /** Resolves with true when its worker can serve, with false when there will be none any more. */
  async whenAvailable(): Promise<boolean> {
    if (this.available || this.#isOver) return this.available
    return new Promise<boolean>(resolve => this.#waiting.push(resolve))
  }

  /** From now on its worker is replaced when it dies, or when it has died already. */
  keep(): void {
    if (this.#kept) return
    this.#kept = true
    if (this.#worker === undefined) this.#replace(0)
  }

  /** Gives the place up: no replacement any more, and its worker retires. */
  retire(drainMs: number): void {
    this.#retired = true
    clearTimeout(this.#timer)
    this.#worker?.retire(drainMs)
    this.#settleFailed(new UpError('UP_ERR_CLOSED', 'the worker was no longer wanted before it was ready'))
    this.#wake()
  }

  /** Whether its worker was the last. */
  get #isOver(): boolean {
    return this.#retired || (this.#worker === undefined && (!this.#kept || !this.#options.keepAlive))
  }

  #start(): void {
    let worker: Worker
    try {
      worker = this.#options.spawn()
    } catch (cause) {
      const error = new WorkerError(
        'UP_ERR_WORKER_START',
        `cannot start a worker: ${String(cause)}`,
        '',
        cause
      )
      // Later, as any other failure: who makes a slot first wants to know it.
      setImmediate(() => {
        this.#options.onSpawnError(error)
        this.#settleFailed(error)
        this.#replace(0)
      })
      return
    }
    this.#worker = worker
    worker
      .on('ready', () => {
        this.#settle?.resolve(worker)
        this.#settle = undefined
        this.#wake()
      })
      .on('gone', () => {
        this.#worker = undefined
        this.#replace(worker.ageMs)
      })
      .on('fail', error => this.#settleFailed(error))
  }

  #replace(ageMs: number): void {
    if (this.#isOver) return this.#wake()
    if (ageMs >= this.#options.minExpectedLifetimeMs) this.#delayMs = 0
    else this.#delayMs = this.#delayMs === 0 ? BACKOFF_MIN_MS : Math.min(this.#delayMs * 2, BACKOFF_MAX_MS)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#start(), this.#delayMs)
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(this.available)
  }

  #settleFailed(error: Error): void {
    this.#settle?.reject(error)
    this.#settle = undefined
  }
}
