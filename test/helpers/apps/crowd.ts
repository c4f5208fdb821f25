import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../wait.js'
import type { Talker } from './talker.js'

/** Clients of one kind. */
export interface CrowdOptions {
  readonly name: string
  readonly size: number
  /** Whether each stays with the worker that it has, as WebSockets do. */
  readonly stays?: boolean
  make(): Talker
}

/** What became of them. */
export interface Damage {
  readonly crowd: string
  readonly failed: readonly string[]
  readonly broken: readonly string[]
}

/** Between an answer and the next request: a load that leaves workers time to start, in milliseconds. */
const PAUSE_MS = 5
/** Longer than what comes with a request's head, shorter than any app's limit. */
const TEXT = 'up and '.repeat(3000)
/** How long a client may wait for a new worker on a machine that is busy, in milliseconds. */
const PATIENCE_MS = 60_000

interface Member {
  readonly talker: Talker
  readonly loop: Promise<void>
  /** Who answered last. */
  pid: number
  answers: number
}

/** Clients that talk without end, and remember what went wrong. */
export class Crowd {
  readonly name: string
  readonly #options: CrowdOptions
  readonly #members: Member[] = []
  readonly #failed: string[] = []
  readonly #pids = new Set<number>()
  #stopped = false

  constructor(options: CrowdOptions) {
    this.#options = options
    this.name = options.name
    for (let i = 0; i < options.size; i++) this.#join()
  }

  /** Resolves when each has been answered. */
  async heard(): Promise<void> {
    await until(() => this.#members.every(({ answers }) => answers > 0), PATIENCE_MS)
  }

  /** Those who have answered so far. */
  pids(): ReadonlySet<number> {
    return new Set(this.#pids)
  }

  /**
   * Resolves when everybody has been answered by others than these; or, of those that stay, a newcomer has,
   * and everybody else has been answered again.
   */
  async movedOn(old: ReadonlySet<number>): Promise<void> {
    const newcomer = this.#options.stays ? this.#join() : undefined
    const before = this.#members.map(({ answers }) => answers)
    await until(() => {
      if (this.#failed.length > 0) return true
      if (newcomer === undefined) return this.#members.every(({ pid }) => !old.has(pid))
      return !old.has(newcomer.pid) && this.#members.every(({ answers }, i) => answers > (before[i] ?? 0) + 1)
    }, PATIENCE_MS).catch((cause: unknown) => {
      throw new Error(`${this.name}: not everybody was answered by a new worker`, { cause })
    })
  }

  /** Ends all talk; resolves with what went wrong. */
  async stop(): Promise<Damage> {
    this.#stopped = true
    await Promise.all(this.#members.map(({ loop }) => loop))
    const broken = this.#members.flatMap(({ talker }) => talker.broken)
    for (const { talker } of this.#members) talker.close()
    // The first of each will do.
    return { crowd: this.name, failed: this.#failed.slice(0, 5), broken: broken.slice(0, 5) }
  }

  #join(): Member {
    const talker = this.#options.make()
    const member: Member = {
      talker,
      pid: 0,
      answers: 0,
      loop: Promise.resolve().then(() => this.#talk(member))
    }
    this.#members.push(member)
    return member
  }

  async #talk(member: Member): Promise<void> {
    const { talker } = member
    while (!this.#stopped) {
      try {
        member.pid = await talker.pid()
        this.#pids.add(member.pid)
        const back = await talker.echo(TEXT)
        if (back !== TEXT) this.#failed.push(`${back.length} characters came back, not ${TEXT.length}`)
        member.answers++
      } catch (error) {
        this.#failed.push(String(error))
      }
      await delay(PAUSE_MS)
    }
  }
}
