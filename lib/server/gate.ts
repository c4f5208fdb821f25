import type { Duplex } from 'node:stream'
import type { UpError } from '../errors.js'
import { HoldQueue, type HoldLimits } from '../proxy/hold-queue.js'
import type { HoldStatus, ShutBy } from './api.js'
import { closedError } from './closed-error.js'

/** So many are let out in one tick, so that others have their turn as well. */
const BATCH = 64
/** With a rate: how often some are let out, in milliseconds, where it is higher than that. */
const PACE_MS = 10

type Count = 'released' | 'expired' | 'givenUp' | 'refused'

/**
 * Where requests wait, in order of arrival: while it is shut, and while nobody is available to serve them. Who
 * comes while others are let out waits behind them; but not where these go at a rate: with more traffic than that, the
 * line would never end.
 */
export class Gate {
  readonly #queue: HoldQueue
  readonly #isAvailable: () => boolean
  readonly #shutBy = new Map<ShutBy, number>()
  readonly #counts: Record<Count, number> = { released: 0, expired: 0, givenUp: 0, refused: 0 }
  readonly #whenEmpty: (() => void)[] = []
  #longestMs = 0
  #closed = false
  /** How many a second are let out; undefined: all. */
  #rate: number | undefined
  #pacer: NodeJS.Timeout | NodeJS.Immediate | undefined

  /**
   * @param limits how many may wait at once, and for how long
   * @param what what they wait for, as the errors name it
   * @param isAvailable whether anybody can serve
   */
  constructor(limits: HoldLimits, what: string, isAvailable: () => boolean) {
    this.#queue = new HoldQueue(limits, what)
    this.#isAvailable = isAvailable
  }

  /** Whether a request that comes now need not wait here. */
  get open(): boolean {
    return this.#shutBy.size === 0 && (this.#queue.size === 0 || this.#rate !== undefined)
  }

  get shut(): boolean {
    return this.#shutBy.size > 0
  }

  isShutBy(reason: ShutBy): boolean {
    return this.#shutBy.has(reason)
  }

  /** How many wait now. */
  get held(): number {
    return this.#queue.size
  }

  get status(): HoldStatus {
    const now = performance.now()
    const { oldest } = this.#queue
    const oldestHeldMs = oldest === undefined ? 0 : Math.round(now - oldest)
    return {
      pausedBy: [...this.#shutBy.keys()],
      pausedSince: this.#shutBy.size === 0 ? null : Math.min(...this.#shutBy.values()),
      held: this.#queue.size,
      oldestHeldMs,
      longestWaitMs: Math.max(Math.round(this.#longestMs), oldestHeldMs),
      ...this.#counts
    }
  }

  /**
   * From now on requests wait.
   *
   * @param timeoutMs how long each may wait meanwhile, in milliseconds; undefined: as always
   */
  close(reason: ShutBy, timeoutMs?: number): void {
    if (!this.#shutBy.has(reason)) this.#shutBy.set(reason, Date.now())
    if (timeoutMs !== undefined) this.#queue.limit(timeoutMs, 0)
    this.#stopPacing()
    this.#settle()
  }

  /**
   * That is no reason any more. Once there is none, and somebody is available, those that wait go on.
   *
   * @param rate how many a second; undefined: all, or at the rate that the end of a pause has set
   */
  reopen(reason: ShutBy, rate?: number): void {
    if (!this.#shutBy.delete(reason)) return
    // Nobody had a chance before now: what comes of the request is not late already.
    if (reason === 'pause') this.#queue.limit(undefined, performance.now())
    if (reason === 'pause') this.#rate = rate
    this.letOut()
    this.#settle()
  }

  /** Resolves when nobody waits any more, or when it is shut again. */
  async whenEmpty(): Promise<void> {
    if (this.#queue.size === 0 || this.#shutBy.size > 0) return
    await new Promise<void>(resolve => this.#whenEmpty.push(resolve))
  }

  /**
   * Resolves with undefined when it is the request's turn, otherwise with the reason why it will not be served:
   * see {@link HoldQueue.enter}.
   *
   * @param since when the request came, by `performance.now()`
   * @param before where it has waited before, and comes back from: a request that was held here counts once
   */
  hold(
    client: Duplex,
    since: number,
    before: 'here' | 'elsewhere' | undefined
  ): Promise<UpError | undefined> {
    if (before === 'here') this.#counts.released--
    if (this.#closed) return Promise.resolve(closedError())
    return new Promise(resolve => {
      const end = (count: Count | undefined, error?: UpError): void => {
        if (count !== undefined) this.#counts[count]++
        this.#longestMs = Math.max(this.#longestMs, performance.now() - since)
        resolve(error)
        this.#settle()
      }
      this.#queue.enter(
        { client, onTurn: () => end('released'), onRefused: error => end(countOf(error), error) },
        since,
        before !== undefined
      )
    })
  }

  isLate(since: number): boolean {
    return this.#queue.isLate(since)
  }

  /**
   * What a request gets whose time is over.
   *
   * @param wasHeld whether it was held before
   */
  late(cause: unknown, wasHeld: boolean): UpError {
    if (wasHeld) this.#counts.released--
    this.#counts.expired++
    return this.#queue.late(cause)
  }

  /** Somebody may be available now: lets those that wait go on. */
  letOut(): void {
    if (this.#pacer !== undefined) return
    if (this.#rate === undefined) this.#letOutAll()
    else this.#letOutPaced(this.#rate, performance.now(), 0)
  }

  /** From now on nobody waits any more: where nobody is available, requests fail. */
  end(): void {
    this.#closed = true
    if (this.#shutBy.size > 0 || !this.#isAvailable()) this.rejectAll()
  }

  rejectAll(): void {
    this.#stopPacing()
    this.#queue.rejectAll(closedError())
  }

  get #flows(): boolean {
    return this.#queue.size > 0 && this.#shutBy.size === 0 && this.#isAvailable()
  }

  #letOutAll(): void {
    this.#pacer = undefined
    for (let i = 0; i < BATCH && this.#flows; i++) this.#queue.releaseFirst()
    if (this.#flows) this.#pacer = setImmediate(() => this.#letOutAll())
  }

  /** @param count how many were let out since `began`, by `performance.now()` */
  #letOutPaced(rate: number, began: number, count: number): void {
    this.#pacer = undefined
    const due = Math.floor(((performance.now() - began) * rate) / 1000) + 1
    for (; count < due && this.#flows; count++) this.#queue.releaseFirst()
    if (!this.#flows) return
    const next = Math.max(PACE_MS, 1000 / rate)
    this.#pacer = setTimeout(() => this.#letOutPaced(rate, began, count), next)
  }

  #stopPacing(): void {
    clearTimeout(this.#pacer as NodeJS.Timeout)
    clearImmediate(this.#pacer as NodeJS.Immediate)
    this.#pacer = undefined
  }

  #settle(): void {
    if (this.#queue.size > 0 && this.#shutBy.size === 0) return
    if (this.#queue.size === 0) this.#rate = undefined
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }
}

function countOf(error: UpError): Count | undefined {
  switch (error.code) {
    case 'UP_ERR_HOLD_TIMEOUT':
      return 'expired'
    case 'UP_ERR_CLIENT_CLOSED':
      return 'givenUp'
    case 'UP_ERR_HOLD_FULL':
      return 'refused'
    default:
      return undefined
  }
}
