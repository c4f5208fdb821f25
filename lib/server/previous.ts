import type { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'

/** The generation that served before: its files and, for as long as they are kept, its workers. */
export class Previous {
  readonly generation: Generation
  readonly #fleet: Fleet
  #timer: NodeJS.Timeout | undefined
  #deadline = 0

  constructor(fleet: Fleet, generation: Generation) {
    this.#fleet = fleet
    this.generation = generation
  }

  /** Its workers take no requests any more, but stay for so long, in milliseconds. */
  keep(ms: number): void {
    this.#deadline = performance.now() + ms
    this.#timer = setTimeout(() => this.retire(), ms)
    this.#fleet.setAside(this.generation)
    this.#fleet.rest(this.generation)
  }

  /** Whether its workers were kept, and some of them can serve. */
  get isAtHand(): boolean {
    return this.#timer !== undefined && this.generation.available.length > 0
  }

  /** It is not kept any more: it serves again. */
  take(): Generation {
    this.#stop()
    return this.generation
  }

  /** Its workers leave, if they were kept, with what is left of their time. */
  retire(): void {
    if (this.#timer === undefined) return
    this.#stop()
    this.#fleet.retire(this.generation, Math.max(0, this.#deadline - performance.now()))
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
