/** Pings something regularly and tells when an answer stays away. */
export class Heartbeat {
  readonly #timeoutMs: number
  readonly #ping: (id: number) => void
  readonly #onSilence: () => void
  readonly #interval: NodeJS.Timeout
  #deadline: NodeJS.Timeout | undefined
  #id = 0

  /**
   * @param intervalMs time between two pings, in milliseconds
   * @param timeoutMs how long an answer may take, in milliseconds
   * @param onSilence called when a ping was not answered in time
   */
  constructor(intervalMs: number, timeoutMs: number, ping: (id: number) => void, onSilence: () => void) {
    this.#timeoutMs = timeoutMs
    this.#ping = ping
    this.#onSilence = onSilence
    this.#interval = setInterval(() => this.#beat(), intervalMs).unref()
  }

  /** An answer has come. */
  answer(id: number): void {
    if (id !== this.#id) return
    clearTimeout(this.#deadline)
    this.#deadline = undefined
  }

  stop(): void {
    clearInterval(this.#interval)
    clearTimeout(this.#deadline)
  }

  #beat(): void {
    // The last ping is still unanswered, and its deadline runs.
    if (this.#deadline !== undefined) return
    this.#deadline = setTimeout(this.#onSilence, this.#timeoutMs).unref()
    this.#ping(++this.#id)
  }
}
