import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { lingeringEnd } from '../proxy/lingering-end.js'
import { isAwaited } from './awaited-body.js'
import type { ProxiedServer } from './middleware.js'
import type { Traffic } from './traffic.js'

/** The listeners of all Distributors: of those on one server the first answers. */
const ours = new WeakSet<object>()

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408
}

/**
 * Answers what is no request, or none that comes in time, unless the user listens to `clientError` himself.
 *
 * node:http would do it, but at once, in the place of an answer that is due to an earlier request, and with a
 * close that can lose the answer on its way.
 */
export class ClientErrors {
  readonly #server: ProxiedServer
  readonly #traffic: Traffic
  /** What still comes on these connections is dropped: each read of it is one more error. */
  readonly #done = new WeakSet<Duplex>()

  constructor(server: ProxiedServer, traffic: Traffic) {
    this.#server = server
    this.#traffic = traffic
    ours.add(this.#onError)
    server.on('clientError', this.#onError)
  }

  detach(): void {
    this.#server.removeListener('clientError', this.#onError)
  }

  /** Answers a request that did not become whole, if nothing of an answer was sent, and ends its connection. */
  refuse(socket: Socket, res: ServerResponse, status: number): void {
    this.#done.add(socket)
    if (res.writableEnded) return void res.once('close', () => lingeringEnd(socket))
    // The client must be able to tell that its answer is not whole.
    if (res.headersSent) return void socket.destroy()
    const before = this.#traffic.answersOn(socket).filter(other => other !== res)
    this.#traffic.watcher?.onRefusal(socket, status, res.req)
    abandon(res, socket)
    this.#afterLast(before, () => answer(socket, status))
  }

  readonly #onError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (!this.#isAlone || this.#done.has(socket)) return
    const { code = '' } = error
    if (!('remoteAddress' in socket) || !(code.startsWith('HPE_') || code in STATUS) || !socket.writable) {
      socket.destroy(error)
      return
    }
    const client = socket as Socket
    const answers = this.#traffic.answersOn(client)
    const unfinished = unfinishedRequest(client)
    const broken = answers.find(({ req }) => req === unfinished)
    // The limit is one of the client's time. It does not run while it is we who do not read.
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && broken !== undefined && !isAwaited(broken)) return
    this.#done.add(socket)
    // Behind a request that is the connection's last, other bytes mean nothing (RFC 9112 section 9.6).
    if (code === 'HPE_CLOSED_CONNECTION') return lingerAtEnd(client)
    const status = STATUS[code] ?? 400
    if (broken !== undefined) this.refuse(client, broken, status)
    // It has its answer already, which came before its body was whole.
    else if (unfinished !== undefined) lingeringEnd(client)
    else this.#afterLast(answers, () => this.#refuseNobody(client, status))
  }

  /** What came has not become a request. */
  #refuseNobody(client: Socket, status: number): void {
    if (client.writable) this.#traffic.watcher?.onRefusal(client, status)
    answer(client, status)
  }

  /** Whether nobody else is to answer: neither the user nor a Distributor that was there before. */
  get #isAlone(): boolean {
    const listeners = this.#server.listeners('clientError')
    return listeners[0] === this.#onError && listeners.every(listener => ours.has(listener))
  }

  #afterLast(answers: readonly ServerResponse[], then: () => void): void {
    const last = answers.at(-1)
    if (last === undefined) return then()
    // In time before node:http closes the connection there, as it does where the client has closed its side.
    last.prependOnceListener('finish', () => {
      if (last.shouldKeepAlive) then()
    })
  }
}

/** The whole of an answer without a body, which ends its connection. */
export function refusal(status: number): string {
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  return `${line}Content-Length: 0\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n`
}

function answer(socket: Socket, status: number): void {
  if (socket.writable) lingeringEnd(socket, refusal(status))
}

/** Ends the work for a request as if its client had gone. */
function abandon(res: ServerResponse, socket: Socket): void {
  if (res.socket !== null) res.detachSocket(socket)
  res.destroyed = true
  res.emit('close')
}

/** node:http closes the connection behind the answer that is due: so that no byte of that is lost. */
function lingerAtEnd(socket: Socket): void {
  socket.destroySoon = () => lingeringEnd(socket)
}

/** The request that the connection's parser is in the middle of. */
function unfinishedRequest(socket: Socket): IncomingMessage | undefined {
  const parser: unknown = Reflect.get(socket, 'parser')
  const incoming: unknown =
    typeof parser === 'object' && parser !== null ? Reflect.get(parser, 'incoming') : undefined
  const request = incoming as IncomingMessage | null | undefined
  return request == null || request.complete ? undefined : request
}
