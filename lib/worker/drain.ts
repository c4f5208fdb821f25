/** Says when a retired worker is to be ended: once it is idle, and has been for `lingerMs`, or when its time is over. */
export class Drain {
  readonly #lingerMs: number
  readonly #onOver: () => void
  #limit: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined

  /** @param lingerMs how long clients that are bound to a worker may be quiet, in milliseconds */
  constructor(lingerMs: number, onOver: () => void) {
    this.#lingerMs = lingerMs
    this.#onOver = onOver
  }

  /** @param drainMs how long it may take at most, in milliseconds */
  begin(drainMs: number, idle: boolean): void {
    if (drainMs === 0) return this.#onOver()
    this.#limit = setTimeout(this.#onOver, drainMs)
    if (idle) this.onIdle()
  }

  onBusy(): void {
    clearTimeout(this.#linger)
    this.#linger = undefined
  }

  onIdle(): void {
    if (this.#lingerMs === 0) this.#onOver()
    // It may be said to be idle more than once.
    else this.#linger ??= setTimeout(this.#onOver, this.#lingerMs)
  }

  stop(): void {
    clearTimeout(this.#limit)
    clearTimeout(this.#linger)
  }
}
