import { constants, type ServerHttp2Session } from 'node:http2'

/** How long a session without streams waits for the next one, to go with it, in milliseconds. */
const QUIET_MS = 1000
/** How long what is given to a session takes to be written, in milliseconds; if more, that is seen. */
const WRITE_MS = 10
/** The highest id of a stream: a GOAWAY with it is a notice (RFC 9113, section 6.8). */
const LAST_STREAM = 2 ** 31 - 1

/** `told`: the notice is on its way. `named`: so is the last stream that is answered. */
type State = 'staying' | 'leaving' | 'told' | 'named'

/**
 * Ends a session of HTTP/2. Its client hears GOAWAY with an answer: one that waits for it opens no stream meanwhile.
 *
 * nghttp2 ignores streams that come after it has sent any GOAWAY, but takes those that come while one waits to be
 * sent, whatever that says. So the first is a notice, that refuses none; only when it is out, the last stream is
 * known, and a second names it: what is behind that the client may repeat at once, and nobody has seen it here.
 */
export class Http2Goodbye {
  readonly #session: ServerHttp2Session
  #state: State = 'staying'
  #streams = 0
  #timer: NodeJS.Timeout | undefined

  constructor(session: ServerHttp2Session) {
    this.#session = session
    // Before the app's: what that answers at once is not to go out first.
    session.prependListener('stream', stream => {
      this.#streams++
      stream.once('close', () => this.#onStreamEnd())
      if (this.#state === 'leaving') this.#tell()
    })
    session.once('close', () => clearTimeout(this.#timer))
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams
  }

  leave(): void {
    if (this.#state !== 'staying') return
    this.#state = 'leaving'
    if (this.#streams > 0) this.#tell()
    else this.#timer = setTimeout(() => this.#tell(), QUIET_MS)
  }

  /** Takes that back, if the client does not know of it yet. */
  stay(): void {
    if (this.#state !== 'leaving') return
    this.#state = 'staying'
    clearTimeout(this.#timer)
  }

  #tell(): void {
    clearTimeout(this.#timer)
    if (this.#session.destroyed) return
    this.#state = 'told'
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM)
    setImmediate(() => this.#proceed())
  }

  #proceed(): void {
    const session = this.#session
    if (session.destroyed) return
    if ((session.state.outboundQueueSize ?? 0) > 0) return this.#wait()
    if (this.#state === 'told') {
      this.#state = 'named'
      session.goaway()
      this.#wait()
    } else if (this.#streams === 0) {
      session.close()
      // Some versions of Node 20 never do that by themselves, if they were writing when the last stream ended: they
      // stop to read, and see the client leave no more.
      session.destroy()
    }
  }

  #onStreamEnd(): void {
    if (--this.#streams === 0 && this.#state === 'named') this.#wait()
  }

  /** Until what was given to the session is written: what ends it would drop that. */
  #wait(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#proceed(), WRITE_MS)
  }
}
