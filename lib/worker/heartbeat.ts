/** The id of a ping that nobody is punished for. */
const PROBE_ID = 0

/** Pings something, regularly or when asked to, and tells when an answer stays away. */
export class Heartbeat {
  readonly #timeoutMs: number
  readonly #ping: (id: number) => void
  readonly #onSilence: () => void
  readonly #probes: (() => void)[] = []
  #interval: NodeJS.Timeout | undefined
  #deadline: NodeJS.Timeout | undefined
  #id = PROBE_ID

  /**
   * @param timeoutMs how long the answer to a regular ping may take, in milliseconds
   * @param ping sends a ping, to be answered with its id
   * @param onSilence called when a regular ping was not answered in time
   */
  constructor(timeoutMs: number, ping: (id: number) => void, onSilence: () => void) {
    this.#timeoutMs = timeoutMs
    this.#ping = ping
    this.#onSilence = onSilence
  }

  /** Pings from now on every `intervalMs`. */
  start(intervalMs: number): void {
    this.#interval = setInterval(() => this.#beat(), intervalMs).unref()
  }

  /** Pings once. Resolves with the answer, when the heartbeat is stopped, or when the time is over. */
  async signOfLife(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      timer = setTimeout(resolve, timeoutMs)
      this.#probes.push(resolve)
      this.#ping(PROBE_ID)
    })
    clearTimeout(timer)
  }

  /** An answer has come. */
  answer(id: number): void {
    if (id === PROBE_ID) this.#probes.shift()?.()
    if (id !== this.#id) return
    clearTimeout(this.#deadline)
    this.#deadline = undefined
  }

  /**
   * Something else has come: the time to answer starts anew. Node keeps an answer back while handles are under way on
   * the same channel, one after the other; where many connections move, that may take longer than the answer may.
   */
  heard(): void {
    if (this.#deadline !== undefined) this.#setDeadline()
  }

  stop(): void {
    clearInterval(this.#interval)
    clearTimeout(this.#deadline)
    for (const resolve of this.#probes.splice(0)) resolve()
  }

  #beat(): void {
    // The last ping is still unanswered, and its deadline runs.
    if (this.#deadline !== undefined) return
    this.#setDeadline()
    this.#ping(++this.#id)
  }

  #setDeadline(): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(this.#onSilence, this.#timeoutMs).unref()
  }
}
