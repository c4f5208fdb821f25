import type { Server as HttpServer } from 'node:http'
import { Socket } from 'node:net'
import type { Luggage } from '../../worker/handoff-messages.js'
import type { RawHandle } from '../../handles/raw-handle.js'
import { internals } from './internals.js'

/** Node's timers take more for 1. */
const LONGEST_MS = 2 ** 31 - 1

interface WaitingHooks {
  /** It has gone to the server. */
  readonly onUsed: (connection: WaitingConnection) => void
  /** It is closed. */
  readonly onClosed: (connection: WaitingConnection) => void
}

/**
 * A quiet connection that came from elsewhere. It stays outside the http server until its first byte: there, the
 * time for a head would run, and it could not move on.
 */
export class WaitingConnection {
  readonly socket: Socket
  readonly #server: HttpServer
  readonly #used: boolean
  readonly #deadline: number | undefined
  readonly #hooks: WaitingHooks
  #timer: NodeJS.Timeout | undefined

  constructor(handle: RawHandle, server: HttpServer, { used, leftMs }: Luggage, hooks: WaitingHooks) {
    this.#server = server
    this.#used = used
    this.#hooks = hooks
    // As node:net makes those that it accepts for a server of node:http.
    this.socket = new Socket({ handle, allowHalfOpen: true } as ConstructorParameters<typeof Socket>[0])
    this.socket
      .on('readable', this.#onReadable)
      .on('end', this.#onGone)
      .on('error', this.#onGone)
      .on('close', this.#onClose)
    if (leftMs === undefined) return
    this.#deadline = performance.now() + leftMs
    this.#timer = setTimeout(() => this.#onTimer(), Math.min(leftMs, LONGEST_MS))
  }

  /** What it takes along if it goes on now; undefined if it has something to read, so that it can't. */
  get luggage(): Luggage | undefined {
    const { socket } = this
    if (socket.destroyed || socket.readableLength > 0 || socket.readableEnded || !socket.writable)
      return undefined
    const leftMs = this.#deadline === undefined ? undefined : Math.max(0, this.#deadline - performance.now())
    return { used: this.#used, leftMs }
  }

  /** It is somebody else's matter from now on. */
  release(): void {
    clearTimeout(this.#timer)
    this.socket
      .removeListener('readable', this.#onReadable)
      .removeListener('end', this.#onGone)
      .removeListener('error', this.#onGone)
      .removeListener('close', this.#onClose)
  }

  readonly #onReadable = (): void => {
    const bytes = this.socket.read() as Buffer | null
    if (bytes === null) return
    this.release()
    this.#hooks.onUsed(this)
    enter(this.#server, this.socket, bytes)
  }

  readonly #onGone = (): void => {
    this.socket.destroy()
  }

  readonly #onClose = (): void => {
    clearTimeout(this.#timer)
    this.#hooks.onClosed(this)
  }

  /** Bytes that have come are read before it is closed: a request that arrives meanwhile is answered. */
  #onTimer(): void {
    setImmediate(() => {
      if (this.luggage === undefined || this.socket.listenerCount('readable') === 0) return
      if (!this.#used) refuseLate(this.#server, this.socket)
      else if (!this.#server.emit('timeout', this.socket)) this.socket.destroy()
    })
  }
}

/** Gives a connection to a server as if that had accepted it just now. */
function enter(server: HttpServer, socket: Socket, bytes: Buffer): void {
  internals(server)._connections++
  Object.assign(internals(socket), { server, _server: server })
  socket.unshift(bytes)
  server.emit('connection', socket)
  socket.resume()
}

/** What node:http does when the time for the first head is over. */
function refuseLate(server: HttpServer, socket: Socket): void {
  const error = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  if (server.emit('clientError', error, socket)) return
  socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n', () => socket.destroy())
}
