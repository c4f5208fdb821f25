export interface DebounceOptions {
  /** A run starts when nothing was touched for so long. */
  readonly quietMs: number
  /** The same once there were many touches: whoever writes that many may pause in between. */
  readonly busyQuietMs: number
  /** A run starts so long after the first touch at the latest. */
  readonly maxWaitMs: number
  /** May return a promise: the next run waits for it. It must not throw or reject. */
  readonly run: () => void | Promise<void>
}

/** More touches than this are many: more than the save of an editor and a formatter gives. */
const MANY = 10

/**
 * Turns bursts of touches into single runs of one function. Runs do not overlap: what is touched
 * during one is followed by one more, so the last touch is always followed by a whole run.
 */
export class Debounce {
  readonly #options: DebounceOptions
  #touches = 0
  #quiet: NodeJS.Timeout | undefined
  #cap: NodeJS.Timeout | undefined
  #running = false
  #again = false
  #closed = false

  constructor(options: DebounceOptions) {
    this.#options = options
  }

  touch(): void {
    if (this.#closed) return
    const { quietMs, busyQuietMs, maxWaitMs } = this.#options
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#whenQuiet(), ++this.#touches > MANY ? busyQuietMs : quietMs)
    this.#cap ??= setTimeout(() => this.#whenLate(), maxWaitMs)
  }

  /** Nothing runs any more, apart from what runs already. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#quiet)
    clearTimeout(this.#cap)
  }

  #whenQuiet(): void {
    this.#touches = 0
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
      await this.#options.run()
    } while (this.#again && !this.#closed)
    this.#running = false
  }
}
