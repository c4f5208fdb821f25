import type { ServerResponse } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import type { RawHandle } from '../../handles/raw-handle.js'
import { StandIn } from '../../handles/stand-in.js'
import type { Luggage } from '../../worker/handoff-messages.js'
import { canMove, isHttp } from '../servers.js'
import type { Answered } from './answered.js'
import { HeldConnections, type Immovable } from './held-connections.js'
import { Http2Sessions } from './http2-sessions.js'
import { idleConnections } from './idle-connections.js'
import { internals } from './internals.js'
import { loadOf, type ServerLoad } from './load.js'
import { isNew, pack } from './luggage.js'
import { sayClose } from './say-close.js'
import { WaitingConnections, type Movable } from './waiting-connections.js'

/** Where a server listens. */
export interface SharedPlace {
  /** The master's number of the port. */
  readonly port: number
  readonly backlog: number
  /** The address that the server shows; undefined: a path. */
  readonly shown: object | undefined
  /** What node:net does to listen, once the server has a handle. */
  readonly listen: () => void
  /** The app has closed it. */
  readonly onClose: () => void
}

/** A server of the app that accepts connections from a listening handle which other workers accept from, too. */
export class SharedServer {
  readonly #server: NetServer
  readonly #answered: Answered
  readonly #onQuiet: () => void
  /** Those that the server has, and when they came, by `performance.now()`. */
  readonly #connections = new Map<Socket, number>()
  /** The same of what speaks HTTP inside TLS. */
  readonly #secure = new Set<Socket>()
  readonly #waiting = new WaitingConnections(() => this.#onFewer())
  readonly #http2: Http2Sessions | undefined
  /** Where connections cannot move, but requests can be told apart. */
  readonly #held: HeldConnections | undefined
  readonly #parts: Immovable
  /** What the server has for its listening handle; what it accepts from comes and goes. */
  #standIn: StandIn | undefined
  #port = 0
  #backlog = 0
  #accepting: RawHandle | undefined
  #watched = false
  /** Answers whose end is told already: a connection may be looked at many times in one request. */
  readonly #heard = new WeakSet<object>()
  #leaving = false

  /** One for all: each connection passes here. */
  readonly #onClosed: (this: Socket) => void

  /**
   * @param answered counts its answers
   * @param onQuiet called when a request has been answered, or a connection closed, while somebody waits for that
   */
  constructor(server: NetServer, answered: Answered, onQuiet: () => void) {
    this.#server = server
    this.#answered = answered
    this.#onQuiet = onQuiet
    const onClosed = (socket: Socket): void => {
      this.#connections.delete(socket)
      this.#onFewer()
    }
    this.#onClosed = function () {
      onClosed(this)
    }
    server.on('connection', this.#onConnection)
    if ('updateSettings' in server) this.#http2 = new Http2Sessions(server, answered)
    if (!canMove(server)) server.on('secureConnection', this.#onSecure)
    this.#parts = { server, connections: this.#connections, secure: this.#secure, http2: this.#http2 }
    if (!canMove(server) && (isHttp(server) || this.#http2 !== undefined))
      this.#held = new HeldConnections(this.#parts)
  }

  /** The server listens from now on, also if it has before; it accepts nothing yet. */
  listen({ port, backlog, shown, listen, onClose }: SharedPlace): void {
    this.#port = port
    this.#backlog = backlog
    this.#standIn = new StandIn(shown, () => {
      this.stop()
      onClose()
    })
    internals(this.#server)._handle = this.#standIn
    // Here node:net says how it accepts, and that it listens.
    listen()
  }

  /** The master's number of the port where it listens, or did. */
  get port(): number {
    return this.#port
  }

  /** Whether the app still serves it. */
  get isOpen(): boolean {
    return this.#standIn?.closed === false
  }

  /** How many connections it has. */
  get size(): number {
    return this.#connections.size + this.#waiting.size
  }

  get load(): ServerLoad {
    return loadOf({ ...this.#parts, size: this.size })
  }

  /** Accepts connections from this handle. */
  accept(handle: RawHandle): void {
    if (!this.isOpen || this.#accepting !== undefined) return handle.close()
    this.#accepting = handle
    handle.onconnection = (status, client) => this.#standIn?.accept(status, client)
    handle.listen(this.#backlog)
    // Whether the server keeps the process alive, its own handle decides.
    handle.unref()
  }

  /** Accepts no more connections. */
  stop(): void {
    this.#accepting?.close()
    this.#accepting = undefined
  }

  /** From now on it does not keep the process alive; its connections do. */
  unref(): void {
    this.#standIn?.unref()
  }

  /** A request of HTTP/1.1 has come. */
  onRequest(res: ServerResponse): void {
    this.#answered.onRequest(res)
    if (this.#leaving) sayClose(res)
    if (this.#watched) this.#whenAnswered(res)
  }

  /** Tells from now on, or no more, when something may have become quiet. */
  watch(wanted: boolean): void {
    this.#watched = wanted
    if (!wanted) return
    for (const socket of this.#sockets) this.#whenAnswered(internals(socket)._httpMessage)
  }

  /**
   * Connections end as soon as that costs their clients nothing.
   *
   * @param moving whether those that can move need not
   */
  leave(moving: boolean): void {
    this.#http2?.leave()
    if (moving && canMove(this.#server)) return
    this.#leaving = true
    for (const socket of this.#sockets) sayClose(internals(socket)._httpMessage)
  }

  /** Its connections may stay again, but for those that have been told to end. */
  stay(): void {
    this.#http2?.stay()
    this.#leaving = false
  }

  /** Reads nothing from quiet connections that cannot move. */
  hold(): void {
    this.#held?.hold()
  }

  /** Reads from them again. */
  letGo(): void {
    this.#held?.letGo()
  }

  /** Age of the oldest connection, in milliseconds; of one that came from another worker nobody knows. */
  get oldestMs(): number {
    if (this.#waiting.size > 0) return Infinity
    const [born] = this.#connections.values()
    return born === undefined ? 0 : performance.now() - born
  }

  /**
   * Lets go of the quiet connections that another worker could serve as well, one after the other.
   *
   * @param minAgeMs younger ones stay, in milliseconds
   */
  *release(minAgeMs: number): Iterable<Movable> {
    yield* this.#waiting.release()
    const server = this.#server
    if (!canMove(server)) return
    for (const socket of idleConnections(server, this.#connections.keys())) {
      const born = this.#connections.get(socket)
      if (born === undefined || performance.now() - born < minAgeMs) continue
      this.#connections.delete(socket)
      yield { socket, luggage: pack(socket, server, born) }
    }
  }

  /** Closes the quiet connections. */
  closeIdle(): void {
    this.#waiting.close()
    if (isHttp(this.#server)) this.#server.closeIdleConnections()
    if (!canMove(this.#server)) return
    for (const socket of idleConnections(this.#server, this.#connections.keys())) socket.destroy()
  }

  /** Whether it can take over such a connection. */
  canAdopt(luggage: Luggage): boolean {
    return this.isOpen && (isNew(luggage) || canMove(this.#server))
  }

  /** Takes over a connection that is new or quiet. */
  adopt(handle: RawHandle, luggage: Luggage): void {
    const server = this.#server
    // As if it had just come from the listening handle.
    if (isNew(luggage) || !canMove(server)) return this.#standIn?.accept(0, handle)
    this.#waiting.add(handle, server, luggage)
  }

  /** Those that speak HTTP are among them. */
  get #sockets(): Socket[] {
    return [...this.#connections.keys(), ...this.#secure]
  }

  readonly #onConnection = (socket: Socket): void => {
    this.#connections.set(socket, performance.now())
    socket.on('close', this.#onClosed)
  }

  readonly #onSecure = (socket: Socket): void => {
    this.#secure.add(socket)
    socket.once('close', () => this.#secure.delete(socket))
  }

  #whenAnswered(res: object | null | undefined): void {
    if (res == null || this.#heard.has(res)) return
    this.#heard.add(res)
    const answer = res as ServerResponse
    answer.once('close', () => this.#onFewer())
  }

  #onFewer(): void {
    if (this.#watched) this.#onQuiet()
  }
}
