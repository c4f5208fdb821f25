import type { ServerHttp2Session } from 'node:http2'

/** How long a connection without a request stays open, in milliseconds. */
const IDLE_MS = 60_000

/** The HTTP/2 connections of a server, which end without the loss of an answer. */
export class Http2Sessions {
  readonly #idleMs: number
  /** How many streams each has. */
  readonly #open = new Map<ServerHttp2Session, number>()
  #ending = false

  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs
  }

  add(session: ServerHttp2Session): void {
    // In the midst of its handshake when the end began.
    if (this.#ending) return session.close()
    this.#open.set(session, 0)
    // A client of HTTP/2 that closes its side has gone: it could not even grant the answers their windows.
    session.socket.allowHalfOpen = false
    session.on('stream', stream => {
      this.#count(session, 1)
      stream.once('close', () => this.#count(session, -1))
    })
    session.once('close', () => this.#open.delete(session))
    this.#limitIdleTime(session)
  }

  /**
   * Each ends with the last answer that is due on it. Its GOAWAY names the last stream that is looked at: what
   * the client has sent behind that it may repeat elsewhere, whatever it is (RFC 9113 section 6.8).
   *
   * The notice that could precede it is out of reach: after any GOAWAY that node:http2 sends it ignores new
   * streams, so one that promises to serve them would lose them.
   */
  end(): void {
    this.#ending = true
    for (const session of this.#open.keys()) session.close()
  }

  #count(session: ServerHttp2Session, change: 1 | -1): void {
    const streams = this.#open.get(session)
    if (streams !== undefined) this.#open.set(session, streams + change)
  }

  /** node:http2 sets no limit by itself. The time begins anew with each frame. */
  #limitIdleTime(session: ServerHttp2Session): void {
    const { timeout = 0 } = (session.server ?? {}) as { timeout?: number }
    // The user has a limit of his own.
    if (timeout > 0) return
    session.setTimeout(this.#idleMs)
    session.on('timeout', () => {
      if (this.#open.get(session) === 0) session.close()
    })
  }
}
