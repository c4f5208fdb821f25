import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Answered } from './answered.js'
import { Http2Goodbye } from './http2-goodbye.js'

/** The sessions of a server of HTTP/2, which end politely once they are to leave. */
export class Http2Sessions {
  readonly #answered: Answered
  readonly #open = new Map<ServerHttp2Session, Http2Goodbye>()
  #leaving = false

  /** @param answered counts its answers */
  constructor(server: NetServer, answered: Answered) {
    this.#answered = answered
    server.on('session', (session: ServerHttp2Session) => this.#add(session))
  }

  /** Those whose connection is there, and how many streams each has open. */
  get open(): { session: ServerHttp2Session; streams: number }[] {
    return [...this.#open]
      .filter(([session]) => !session.destroyed)
      .map(([session, { streams }]) => ({ session, streams }))
  }

  /** Streams that are open. */
  get streams(): number {
    return [...this.#open.values()].reduce((sum, { streams }) => sum + streams, 0)
  }

  /** Each session ends as soon as that costs its client nothing. */
  leave(): void {
    if (this.#leaving) return
    this.#leaving = true
    for (const goodbye of this.#open.values()) goodbye.leave()
  }

  /** Sessions that have not been told to end may stay. */
  stay(): void {
    this.#leaving = false
    for (const goodbye of this.#open.values()) goodbye.stay()
  }

  #add(session: ServerHttp2Session): void {
    const goodbye = new Http2Goodbye(session)
    this.#open.set(session, goodbye)
    session.once('close', () => this.#open.delete(session))
    session.on('stream', (stream: ServerHttp2Stream) => this.#answered.onStream(stream))
    if (this.#leaving) goodbye.leave()
  }
}
