import type { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Http2Sessions } from './http2-sessions.js'
import type { ProxiedServer } from './middleware.js'

/** The connections of a server, of HTTP/1.1 and of HTTP/2. */
export class Connections {
  readonly #server: ProxiedServer
  readonly #events: EventEmitter
  readonly #sessions = new Http2Sessions()
  /** Kept only where the server itself cannot end them. */
  readonly #sockets = new Set<Socket>()
  readonly #onSession = (session: ServerHttp2Session): void => this.#sessions.add(session)
  readonly #onConnection = (socket: Socket): void => {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  constructor(server: ProxiedServer) {
    this.#server = server
    this.#events = server
    this.#events.on('session', this.#onSession)
    if (!('closeAllConnections' in server)) this.#events.on('connection', this.#onConnection)
  }

  /** No more of them, and the idle ones end; resolves when all are gone. */
  stopAccepting(): Promise<void> {
    this.#sessions.end()
    const closed = new Promise<void>(resolve => {
      if (this.#server.listening) this.#server.close(() => resolve())
      else resolve()
    })
    this.closeIdle()
    return closed
  }

  /** Ends those of HTTP/1.1 that have no request; those of HTTP/2 end by themselves. */
  closeIdle(): void {
    if ('closeIdleConnections' in this.#server) this.#server.closeIdleConnections()
  }

  /** Ends all, but perhaps those that an upgrade took away. */
  closeAll(): void {
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Stops listening to the server. */
  detach(): void {
    this.#events.removeListener('session', this.#onSession).removeListener('connection', this.#onConnection)
  }
}
