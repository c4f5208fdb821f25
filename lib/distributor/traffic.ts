import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { isHttp2 } from '../proxy/http2-client.js'
import { Connections } from './connections.js'
import type { ProxiedServer } from './middleware.js'

/** Is told of what comes, and of what we refuse. */
export interface TrafficWatcher {
  onRequest(res: ServerResponse): void
  onUpgrade(req: IncomingMessage, socket: Duplex): void
  /**
   * A client hears that what it sent is no request, or none that is served.
   *
   * @param client its connection
   * @param req as far as it was read; undefined: not even its head
   */
  onRefusal(client: Duplex, status: number, req?: IncomingMessage): void
}

/** The requests and upgrades that a server has open; it can let them come to an end. */
export class Traffic {
  /** Who wants to see them. */
  watcher: TrafficWatcher | undefined
  readonly #connections: Connections
  readonly #answers = new Set<ServerResponse>()
  readonly #upgraded = new Set<Duplex>()
  /** Connections on which a request came before the one ahead had its answer. */
  readonly #pipelined = new WeakSet<Duplex>()
  /** Requests that never became objects. */
  #plain = 0
  #closed: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(server: ProxiedServer) {
    this.#connections = new Connections(server)
  }

  addRequest(res: ServerResponse): void {
    this.#answers.add(res)
    this.watcher?.onRequest(res)
    if (this.#closed !== undefined) res.shouldKeepAlive = false
    res.once('close', () => {
      this.#answers.delete(res)
      if (this.#closed !== undefined) this.#settle()
    })
    if (res.socket === null && !isHttp2(res.req)) this.#watch(res.req.socket)
  }

  /** The answers that are due. */
  get answers(): Iterable<ServerResponse> {
    return this.#answers
  }

  /** The answers that are due on a connection, in their order. */
  answersOn(socket: Duplex): ServerResponse[] {
    return [...this.#answers].filter(({ req }) => req.socket === socket)
  }

  addUpgrade(req: IncomingMessage, socket: Duplex): void {
    this.#upgraded.add(socket)
    this.watcher?.onUpgrade(req, socket)
    socket.once('close', () => {
      this.#upgraded.delete(socket)
      if (this.#closed !== undefined) this.#settle()
    })
  }

  /** Counts a request that has no object of its own. */
  beginPlain(): void {
    this.#plain++
  }

  /** Counts its end. */
  endPlain(): void {
    this.#plain--
    if (this.#closed !== undefined) this.#settle()
  }

  /** Whether connections end with the answer that is due on them. */
  get closing(): boolean {
    return this.#closed !== undefined
  }

  /** No more connections; those that are open end with the answer that is due on them. */
  stopAccepting(): void {
    if (this.#closed !== undefined) return
    this.#closed = this.#connections.stopAccepting()
    for (const res of this.#answers) if (!res.headersSent) res.shouldKeepAlive = false
  }

  /** Resolves when nothing is open any more, or after `timeoutMs`. */
  async whenIdle(timeoutMs: number): Promise<void> {
    if (this.#isIdle) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Stops listening to the server. */
  detach(): void {
    this.#connections.detach()
  }

  /** Ends every connection that is left; resolves when the server is closed. */
  async end(): Promise<void> {
    this.stopAccepting()
    this.#connections.closeAll()
    for (const socket of this.#upgraded) socket.destroy()
    await this.#closed
  }

  /** When a connection closes, node:http tells the answer that is being written, but not those behind it. */
  #watch(socket: Duplex): void {
    if (this.#pipelined.has(socket)) return
    this.#pipelined.add(socket)
    socket.once('close', () => {
      for (const res of this.answersOn(socket)) {
        if (res.socket !== null || res.writableFinished) continue
        res.destroyed = true
        res.emit('close')
      }
    })
  }

  get #isIdle(): boolean {
    return this.#answers.size === 0 && this.#upgraded.size === 0 && this.#plain === 0
  }

  #settle(): void {
    // A connection whose answer had already promised to stay open is idle only after this event.
    setImmediate(() => this.#connections.closeIdle())
    if (this.#isIdle) this.#onIdle?.()
  }
}
