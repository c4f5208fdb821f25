import type { ResolvedHealth } from '../options/proxy-options.js'
import type { Address } from '../proxy/address.js'
import { probeConnection, probeHealth, type Finding } from './probe.js'

/** While an upstream is unavailable it is probed after this time, in milliseconds; it doubles each time. */
const BACKOFF_MIN_MS = 50
const BACKOFF_MAX_MS = 500
/** So often it is looked whether another socket stands in its place meanwhile, in milliseconds. */
const MOVED_MS = 25
/** Who was available for so long, in milliseconds, begins with a short backoff again. */
const STABLE_MS = 2000

export interface HealthWatchOptions {
  readonly connectTimeoutMs: number
  /** The Host field of health checks. */
  readonly host: string
  /** undefined: none, a connection that stands is enough. */
  readonly health: ResolvedHealth | undefined
}

interface HealthHooks {
  /** Whether no other upstream is available. */
  readonly isLast: () => boolean
  /** Whether another server stands in its place since the last look. */
  readonly hasMoved: () => boolean
  readonly onWell: () => void
  readonly onIll: (error: Error) => void
}

/**
 * Finds out whether an upstream can serve. While it can, it is asked now and then, if there is a health check; when
 * it cannot, it is probed, ever more seldom, until it has passed.
 */
export class HealthWatch {
  readonly #address: Address
  readonly #options: HealthWatchOptions
  readonly #hooks: HealthHooks
  #isWell = true
  #isSlow = false
  /** Checks in a row with the same result; none before the first. */
  #passes = 0
  #fails = 0
  #isFirst = true
  #backoffMs = BACKOFF_MIN_MS
  #wellSince = 0
  #timer: NodeJS.Timeout | undefined
  #moved: NodeJS.Timeout | undefined
  /** Findings of a look that began before this number changed do not count. */
  #turn = 0

  constructor(address: Address, options: HealthWatchOptions, hooks: HealthHooks) {
    this.#address = address
    this.#options = options
    this.#hooks = hooks
  }

  get isMerelySlow(): boolean {
    return !this.#isWell && this.#isSlow
  }

  start(): void {
    this.#isWell = true
    this.#isFirst = true
    this.#fails = 0
    this.#wellSince = performance.now()
    this.#next(0)
  }

  stop(): void {
    this.#turn++
    clearTimeout(this.#timer)
    clearInterval(this.#moved)
  }

  /** A request could not be given to it. */
  refuse(error: Error): void {
    if (this.#isWell) this.#becomeIll(error, false)
  }

  /** It was only slow, and is better than nobody. */
  forgive(): void {
    if (this.isMerelySlow) this.#becomeWell()
  }

  #next(ms: number): void {
    clearTimeout(this.#timer)
    // Whoever is well is asked only where there is a question.
    if (this.#isWell && this.#options.health === undefined) return
    const turn = ++this.#turn
    this.#timer = setTimeout(() => {
      void this.#look().then(finding => {
        if (turn === this.#turn) this.#onFinding(finding)
      })
    }, ms).unref()
  }

  #look(): Promise<Finding> {
    const { connectTimeoutMs, host, health } = this.#options
    return health === undefined
      ? probeConnection(this.#address, connectTimeoutMs)
      : probeHealth(this.#address, host, health)
  }

  #onFinding(finding: Finding): void {
    const { health } = this.#options
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (finding.kind === 'passed') {
      this.#fails = 0
      this.#passes++
      this.#backoffMs = this.#isWell ? this.#backoffMs : BACKOFF_MIN_MS
      if (!this.#isWell && this.#passes >= (health?.passes ?? 1)) return this.#becomeWell()
    } else {
      this.#passes = 0
      this.#fails++
      const isSlow = finding.kind === 'slow'
      const isOver = isFirst || this.#fails >= (health?.fails ?? 1)
      // A last one that answers late is better than none.
      if (this.#isWell && isOver && !(isSlow && this.#hooks.isLast()))
        return this.#becomeIll(finding.error, isSlow)
      this.#isSlow &&= isSlow
    }
    this.#next(this.#isWell ? (health?.intervalMs ?? 0) : this.#takeBackoff())
  }

  #becomeIll(error: Error, isSlow: boolean): void {
    this.#isWell = false
    this.#isSlow = isSlow
    this.#passes = 0
    if (performance.now() - this.#wellSince >= STABLE_MS) this.#backoffMs = BACKOFF_MIN_MS
    this.#next(this.#takeBackoff())
    clearInterval(this.#moved)
    this.#moved = setInterval(() => {
      if (!this.#hooks.hasMoved()) return
      this.#backoffMs = BACKOFF_MIN_MS
      this.#next(0)
    }, MOVED_MS).unref()
    this.#hooks.onIll(error)
  }

  #becomeWell(): void {
    this.#isWell = true
    this.#fails = 0
    this.#wellSince = performance.now()
    clearInterval(this.#moved)
    this.#next(this.#options.health?.intervalMs ?? 0)
    this.#hooks.onWell()
  }

  #takeBackoff(): number {
    const ms = this.#backoffMs
    this.#backoffMs = Math.min(ms * 2, BACKOFF_MAX_MS)
    return ms
  }
}
