/**
 * Turns bursts of {@link touch} into single runs of one function.
 *
 * A run starts once nothing was touched for `quietMs`, or `maxWaitMs` after the first touch when
 * touches never cease. Runs do not overlap: what is touched during one is followed by one more,
 * so the last touch is always followed by a whole run.
 */
export class Debounce {
  readonly #quietMs: number
  readonly #maxWaitMs: number
  readonly #run: () => void | Promise<void>
  #quiet: NodeJS.Timeout | undefined
  #cap: NodeJS.Timeout | undefined
  #running = false
  #again = false
  #closed = false

  /** @param run may return a promise: the next run waits for it. It must not throw or reject. */
  constructor(quietMs: number, maxWaitMs: number, run: () => void | Promise<void>) {
    this.#quietMs = quietMs
    this.#maxWaitMs = maxWaitMs
    this.#run = run
  }

  touch(): void {
    if (this.#closed) return
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#whenQuiet(), this.#quietMs)
    this.#cap ??= setTimeout(() => this.#whenLate(), this.#maxWaitMs)
  }

  /** Nothing runs any more, apart from what runs already. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#quiet)
    clearTimeout(this.#cap)
  }

  #whenQuiet(): void {
    clearTimeout(this.#cap)
    this.#cap = undefined
    void this.#start()
  }

  /** The quiet timer stays: whoever reports touches may leave out some that follow another closely. */
  #whenLate(): void {
    this.#cap = undefined
    void this.#start()
  }

  async #start(): Promise<void> {
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = true
    do {
      this.#again = false
      await this.#run()
    } while (this.#again && !this.#closed)
    this.#running = false
  }
}
