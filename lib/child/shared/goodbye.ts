import { Server as HttpServer, type ServerResponse } from 'node:http'
import { constants, type ServerHttp2Session } from 'node:http2'
import type { Server as NetServer, Socket } from 'node:net'
import { tellsIdle } from './idle-connections.js'
import { internals } from './internals.js'

/** How long a client of HTTP/2 has to hear that it is to open no more streams, in milliseconds. */
const GOAWAY_MS = 1000
/** The highest id of a stream: a GOAWAY with it is a notice (RFC 9113, section 6.8). */
const LAST_STREAM = 2 ** 31 - 1

/** What the client of an http server hears that is to leave by itself: `Connection: close`. */
export function sayClose(res: unknown): void {
  if (typeof res !== 'object' || res === null || !('shouldKeepAlive' in res)) return
  if (!(res as ServerResponse).headersSent) res.shouldKeepAlive = false
}

/** The sessions of a server of HTTP/2, and what has to be said to them before they end. */
export class Http2Sessions {
  /** With how many streams each has open. */
  readonly #open = new Map<ServerHttp2Session, number>()
  #leaving = false
  /** Streams that there have been. */
  served = 0

  constructor(server: NetServer) {
    server.on('session', (session: ServerHttp2Session) => this.#add(session))
  }

  /** Those whose connection is there, and how many streams each has open. */
  get open(): { session: ServerHttp2Session; streams: number }[] {
    return [...this.#open]
      .filter(([session]) => !session.destroyed)
      .map(([session, streams]) => ({ session, streams }))
  }

  /** Streams that are open. */
  get streams(): number {
    return [...this.#open.values()].reduce((sum, streams) => sum + streams, 0)
  }

  /** Each session ends once its streams have: a request that is under way is answered, or refused so that it can be repeated. */
  leave(): void {
    if (this.#leaving) return
    this.#leaving = true
    for (const session of this.#open.keys()) goodbye(session)
  }

  /** Sessions that come from now on may stay. */
  stay(): void {
    this.#leaving = false
  }

  #add(session: ServerHttp2Session): void {
    this.#open.set(session, 0)
    session.once('close', () => this.#open.delete(session))
    session.on('stream', stream => {
      this.served++
      this.#count(session, 1)
      stream.once('close', () => this.#count(session, -1))
    })
    if (this.#leaving) goodbye(session)
  }

  #count(session: ServerHttp2Session, change: number): void {
    const streams = this.#open.get(session)
    if (streams !== undefined) this.#open.set(session, streams + change)
  }
}

/**
 * The notice lets the client go elsewhere, and what it has under way end. nghttp2 ignores streams that come after
 * it: they are refused when the session closes, so that the client may repeat them.
 */
function goodbye(session: ServerHttp2Session): void {
  if (session.closed || session.destroyed) return
  session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM)
  const timer = setTimeout(() => session.close(), GOAWAY_MS)
  session.once('close', () => clearTimeout(timer))
}

/** Whether another process can go on with the server's connections: TLS has a state that can't be taken along. */
export function canMove(server: NetServer): server is HttpServer {
  return server instanceof HttpServer && tellsIdle
}

/** Whether the connection is another protocol's by now. */
export function isUpgraded(socket: Socket): boolean {
  const { parser, _httpMessage } = internals(socket)
  return parser == null && _httpMessage == null
}
