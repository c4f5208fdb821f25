import { hasSubscribers } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { Server as NetServer, Socket } from 'node:net'
import type { UpError } from '../errors.js'
import { keepAliveLines } from './answer-head.js'
import { FrontConnection } from './front-connection.js'
import type { FrontHost } from './front-host.js'
import type { PlainRequest } from './plain-request.js'
import { SHORT_READ_SIZE } from './reused-reads.js'
import { usualServer, type Http1Server } from './usual-server.js'

export interface FrontOptions {
  readonly trust: (address: string) => boolean
  /** Whether a request may go this way now, as far as the front's owner is concerned. */
  readonly isOpen: () => boolean
  /** Whether it is not to be forwarded, so that node:http takes it and all behind it. */
  readonly isOwn: (request: PlainRequest) => boolean
  /** Whether connections end with their next answer. */
  readonly isClosing: () => boolean
  /** The id that a request is to have, as the upstream and the client are told; undefined: requests have none. */
  readonly idOf: ((request: PlainRequest) => string) | undefined
  /** Has the connection's request forwarded by `connection.forward`, and `connection.done` called at the end. */
  readonly onRequest: (connection: FrontConnection) => void
  /** A request has come to its end. */
  readonly onDone: () => void
  /** The whole answer to a request that cannot be served, with these lines about persistence. */
  readonly failureAnswer: (error: UpError, persistence: string, connection: FrontConnection) => string
  /** The answer to what did not become a whole request. */
  readonly refusal: (status: number) => string
}

type ConnectionListener = (this: NetServer, client: Socket) => void

/**
 * Takes a server's new connections of HTTP/1.1 before node:http does, and leaves it those whose requests are
 * not plain. Nobody can tell the difference: where somebody could, because he listens to the server's
 * requests, changed its classes or set one of its limits, all requests go the ordinary way.
 */
export class Front implements FrontHost {
  readonly memory = Buffer.allocUnsafeSlow(SHORT_READ_SIZE)
  readonly trust: (address: string) => boolean
  readonly isOwn: FrontOptions['isOwn']
  readonly idOf: FrontOptions['idOf']
  readonly onRequest: FrontOptions['onRequest']
  readonly onDone: FrontOptions['onDone']
  readonly failureAnswer: FrontOptions['failureAnswer']
  readonly refusal: FrontOptions['refusal']
  readonly #server: Http1Server
  readonly #options: FrontOptions
  readonly #event: 'connection' | 'secureConnection'
  readonly #ordinary: ConnectionListener
  readonly #connections = new Set<FrontConnection>()
  #keepAlive = { timeoutMs: NaN, lines: '' }

  /** @returns undefined where the server is not one that node:http serves in the usual way */
  static attach(server: NetServer, options: FrontOptions): Front | undefined {
    const usual = usualServer(server)
    if (usual === undefined) return undefined
    const event = 'setSecureContext' in server ? 'secureConnection' : 'connection'
    const ordinary = server.listeners(event).find(({ name }) => name === 'connectionListener')
    if (ordinary === undefined) return undefined
    return new Front(usual, options, event, ordinary as ConnectionListener)
  }

  private constructor(
    server: Http1Server,
    options: FrontOptions,
    event: 'connection' | 'secureConnection',
    ordinary: ConnectionListener
  ) {
    this.#server = server
    this.#options = options
    this.trust = options.trust
    this.isOwn = options.isOwn
    this.idOf = options.idOf
    this.onRequest = options.onRequest
    this.onDone = options.onDone
    this.failureAnswer = options.failureAnswer
    this.refusal = options.refusal
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
      (maxRequestsPerSocket ?? 0) === 0 &&
      maxHeadersCount === 0 &&
      this.#server.listenerCount('request') === 1 &&
      this.#options.isOpen()
    )
  }

  /** The limits of uploads are ours, and so is what a client hears that breaks one off. */
  get takesUploads(): boolean {
    return (this.#server.requestTimeout ?? 0) === 0 && this.#server.listenerCount('clientError') === 1
  }

  get uploadTimeoutMs(): number {
    return this.#server.headersTimeout ?? 0
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
    if (this.open && !speaksHttp2(client) && !isObserved(this.#server))
      this.#connections.add(new FrontConnection(client, this))
    else this.#ordinary.call(this.#server, client)
  }

  /** Who closes connections of the server by this method means ours, too; `server.close()` is one of them. */
  #extend(
    method: 'closeIdleConnections' | 'closeAllConnections',
    concerns: (connection: FrontConnection) => boolean
  ): void {
    // A server of node:http2 has but one of them.
    const ordinary = this.#server[method]?.bind(this.#server)
    if (ordinary === undefined) return
    this.#server[method] = () => {
      for (const connection of this.#connections) if (concerns(connection)) connection.client.destroy()
      ordinary()
    }
  }
}

/** What the client chose by ALPN (RFC 7301). */
function speaksHttp2(client: Socket): boolean {
  return 'alpnProtocol' in client && client.alpnProtocol === 'h2'
}

/** Whether a tracer has put itself between node:http and the server's listeners. */
function isObserved(server: NetServer): boolean {
  return server.emit !== EventEmitter.prototype.emit || hasSubscribers('http.server.request.start')
}
