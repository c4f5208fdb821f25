import { constants, type ServerHttp2Session } from 'node:http2'

/** How long a client may take to hear that its connection ends, in milliseconds. */
const INFORM_MS = 1000
/** The last stream that a connection could have. */
const LAST_STREAM = 2 ** 31 - 1

/** The HTTP/2 connections of a server, which can be asked to end without the loss of a request. */
export class Http2Sessions {
  readonly #open = new Set<ServerHttp2Session>()
  /** Those whose client may not have heard of the end. */
  readonly #uninformed = new Map<ServerHttp2Session, NodeJS.Timeout>()
  #ending = false
  #onInformed: (() => void)[] = []

  add(session: ServerHttp2Session): void {
    this.#open.add(session)
    session.once('close', () => {
      this.#open.delete(session)
      this.#close(session)
    })
    if (this.#ending) this.#end(session)
  }

  /** Each ends with the last answer that is due on it. */
  end(): void {
    this.#ending = true
    for (const session of this.#open) this.#end(session)
  }

  /** Resolves when all clients have heard of the end. */
  async whenInformed(): Promise<void> {
    if (this.#uninformed.size > 0) await new Promise<void>(resolve => this.#onInformed.push(resolve))
  }

  /**
   * In two steps (RFC 9113 section 6.8): streams that the client opens before it has heard of the end are
   * served. When it answers the ping, it has heard.
   */
  #end(session: ServerHttp2Session): void {
    if (session.destroyed || session.closed) return
    this.#uninformed.set(
      session,
      setTimeout(() => this.#close(session), INFORM_MS)
    )
    session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM)
    session.ping(() => this.#close(session))
  }

  #close(session: ServerHttp2Session): void {
    const timer = this.#uninformed.get(session)
    if (timer === undefined) return
    clearTimeout(timer)
    this.#uninformed.delete(session)
    session.close()
    if (this.#uninformed.size > 0) return
    for (const resolve of this.#onInformed.splice(0)) resolve()
  }
}
