import { memoryOf } from '../hop/memory.js'

const EVERY_MS = 20

/** Resident memory of some processes together, in bytes. */
export class MemoryWatch {
  readonly before: number
  #peak: number
  readonly #pids: readonly number[]
  readonly #timer: NodeJS.Timeout

  constructor(pids: readonly number[]) {
    this.#pids = pids
    this.before = this.now
    this.#peak = this.before
    this.#timer = setInterval(() => (this.#peak = Math.max(this.#peak, this.now)), EVERY_MS)
  }

  get now(): number {
    return memoryOf(this.#pids).rss
  }

  /** The most since it began. */
  get peak(): number {
    return Math.max(this.#peak, this.now)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
