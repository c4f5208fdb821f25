import { hasSubscribers } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { IncomingMessage, maxHeaderSize, Server as HttpServer, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { Server as NetServer, Socket } from 'node:net'
import type { UpError } from '../errors.js'
import { keepAliveLines } from './answer-head.js'
import { FrontConnection, type FrontHost } from './front-connection.js'
import { MAX_HEAD } from './plain-request.js'

export interface FrontOptions {
  readonly trust: (address: string) => boolean
  /** Whether a request may go this way now, as far as the front's owner is concerned. */
  readonly isOpen: () => boolean
  /** Whether connections end with their next answer. */
  readonly isClosing: () => boolean
  /** Has the connection's request forwarded by `connection.forward`, and `connection.done` called at the end. */
  readonly onRequest: (connection: FrontConnection) => void
  /** A request has come to its end. */
  readonly onDone: () => void
  /** The whole answer to a request that cannot be served, with these lines about persistence. */
  readonly failureAnswer: (error: UpError, persistence: string, method: string) => string
}

type ConnectionListener = (this: NetServer, client: Socket) => void

/**
 * Takes an http(s) server's new connections before node:http does, and leaves it those whose requests are
 * not plain. Nobody can tell the difference: where somebody could, because he listens to the server's
 * requests, changed its classes or set one of its limits, all requests go the ordinary way.
 */
export class Front implements FrontHost {
  readonly trust: (address: string) => boolean
  readonly onRequest: FrontOptions['onRequest']
  readonly onDone: FrontOptions['onDone']
  readonly failureAnswer: FrontOptions['failureAnswer']
  readonly #server: HttpServer | HttpsServer
  readonly #options: FrontOptions
  readonly #event: 'connection' | 'secureConnection'
  readonly #ordinary: ConnectionListener
  readonly #connections = new Set<FrontConnection>()
  #keepAlive = { timeoutMs: NaN, lines: '' }

  /** @returns undefined where the server is not one that node:http serves in the usual way */
  static attach(server: NetServer, options: FrontOptions): Front | undefined {
    if (!(server instanceof HttpServer || server instanceof HttpsServer) || !hasUsualClasses(server))
      return undefined
    const event = server instanceof HttpsServer ? 'secureConnection' : 'connection'
    const ordinary = server.listeners(event).find(({ name }) => name === 'connectionListener')
    if (ordinary === undefined) return undefined
    return new Front(server, options, event, ordinary as ConnectionListener)
  }

  private constructor(
    server: HttpServer | HttpsServer,
    options: FrontOptions,
    event: 'connection' | 'secureConnection',
    ordinary: ConnectionListener
  ) {
    this.#server = server
    this.#options = options
    this.trust = options.trust
    this.onRequest = options.onRequest
    this.onDone = options.onDone
    this.failureAnswer = options.failureAnswer
    this.#event = event
    this.#ordinary = ordinary
    server.removeListener(event, ordinary).prependListener(event, this.#onConnection)
    this.#extend('closeIdleConnections', connection => connection.idle)
    this.#extend('closeAllConnections', () => true)
  }

  get open(): boolean {
    const { timeout, maxRequestsPerSocket, maxHeadersCount } = this.#server
    return (
      timeout === 0 &&
      maxRequestsPerSocket === 0 &&
      maxHeadersCount === 0 &&
      this.#server.listenerCount('request') === 1 &&
      this.#options.isOpen()
    )
  }

  get closing(): boolean {
    return this.#options.isClosing()
  }

  get keepAliveTimeoutMs(): number {
    const { keepAliveTimeout } = this.#server
    // Newer versions of node:http wait somewhat longer than they tell the client.
    const buffer: unknown = Reflect.get(this.#server, 'keepAliveTimeoutBuffer')
    return keepAliveTimeout > 0 && typeof buffer === 'number' ? keepAliveTimeout + buffer : keepAliveTimeout
  }

  get keepAliveLines(): string {
    const timeoutMs = this.#server.keepAliveTimeout
    if (this.#keepAlive.timeoutMs !== timeoutMs)
      this.#keepAlive = { timeoutMs, lines: keepAliveLines(timeoutMs) }
    return this.#keepAlive.lines
  }

  handOver(connection: FrontConnection, read: Buffer | undefined): void {
    this.#connections.delete(connection)
    const { client } = connection
    if (read !== undefined) client.unshift(read)
    this.#ordinary.call(this.#server, client)
    client.resume()
  }

  onTimeout(client: Socket): void {
    if (!this.#server.emit('timeout', client)) client.destroy()
  }

  onError(client: Socket, error: Error): void {
    if (!this.#server.emit('clientError', error, client)) client.destroy()
  }

  onClose(connection: FrontConnection): void {
    this.#connections.delete(connection)
  }

  /** Leaves new connections to node:http. */
  detach(): void {
    this.#server.removeListener(this.#event, this.#onConnection).prependListener(this.#event, this.#ordinary)
    Reflect.deleteProperty(this.#server, 'closeIdleConnections')
    Reflect.deleteProperty(this.#server, 'closeAllConnections')
  }

  readonly #onConnection = (client: Socket): void => {
    if (this.open && !isObserved(this.#server)) this.#connections.add(new FrontConnection(client, this))
    else this.#ordinary.call(this.#server, client)
  }

  /** Who closes connections of the server by this method means ours, too; `server.close()` is one of them. */
  #extend(
    method: 'closeIdleConnections' | 'closeAllConnections',
    concerns: (connection: FrontConnection) => boolean
  ): void {
    const ordinary = this.#server[method].bind(this.#server)
    this.#server[method] = () => {
      for (const connection of this.#connections) if (concerns(connection)) connection.client.destroy()
      ordinary()
    }
  }
}

/** Whether nobody gave the server classes or limits of his own, which show in how node:http works. */
function hasUsualClasses(server: HttpServer | HttpsServer): boolean {
  const usual: Readonly<Record<string, unknown>> = { IncomingMessage, ServerResponse, kUniqueHeaders: null }
  const own = Object.getOwnPropertySymbols(server)
  if (!own.every(key => usualValue(usual, key, Reflect.get(server, key)))) return false
  const limit: unknown = Reflect.get(server, 'maxHeaderSize')
  return (typeof limit === 'number' ? limit : maxHeaderSize) > MAX_HEAD
}

function usualValue(usual: Readonly<Record<string, unknown>>, { description = '' }: symbol, value: unknown) {
  return !Object.hasOwn(usual, description) || value == null || value === usual[description]
}

/** Whether a tracer has put itself between node:http and the server's listeners. */
function isObserved(server: NetServer): boolean {
  return server.emit !== EventEmitter.prototype.emit || hasSubscribers('http.server.request.start')
}
