import type { Socket } from 'node:net'
import type { UpError } from '../errors.js'
import { clientLine, forwardedLines } from '../proxy/forwarded.js'
import { DONE, type Outcome } from '../proxy/outcome.js'
import type { Upstream } from '../proxy/upstream.js'
import { CLOSE_LINE } from './answer-head.js'
import { PlainExchange } from './plain-exchange.js'
import { PlainRequestReader, type PlainRequest } from './plain-request.js'

/** What a connection needs of the front that it belongs to. */
export interface FrontHost {
  readonly trust: (address: string) => boolean
  /** Whether a request may go this way now. */
  readonly open: boolean
  /** Whether connections end with their next answer. */
  readonly closing: boolean
  /** How long a connection may be idle between two requests, in milliseconds; 0 is no limit. */
  readonly keepAliveTimeoutMs: number
  /** The lines by which an answer says so. */
  readonly keepAliveLines: string
  /** Has the request forwarded by `connection.forward`, as often as it takes, and then `connection.done` called. */
  onRequest(connection: FrontConnection): void
  onDone(): void
  failureAnswer(error: UpError, persistence: string, method: string): string
  /** node:http takes the connection from here on, with what was read of its next request. */
  handOver(connection: FrontConnection, read: Buffer | undefined): void
  onTimeout(client: Socket): void
  onError(client: Socket, error: Error): void
  onClose(connection: FrontConnection): void
}

/** A new connection may be silent for so long, in milliseconds; then node:http waits, with its own limits. */
const FIRST_BYTE_MS = 1000
const NOTHING_CLAIMED = { for: '', proto: '', host: '' }
const NONE_GIVEN: ReadonlySet<string> = new Set()

/**
 * A client's connection whose requests were all plain so far. They become text and no objects, which is what
 * makes them cheap. The first that is not plain, and all behind it, are left to node:http.
 */
export class FrontConnection {
  readonly client: Socket
  readonly #host: FrontHost
  readonly #reader = new PlainRequestReader()
  readonly #exchange: PlainExchange
  /** The one that is being answered. */
  #request: PlainRequest | undefined
  /** What the client sent behind it. */
  #early: Buffer | undefined
  /** The lines of ours behind the client's fields, kept while they stay the same. */
  #ours: OurLines | undefined
  #keepAliveMs = FIRST_BYTE_MS
  #served = false
  #clientEnded = false
  #last = false

  constructor(client: Socket, host: FrontHost) {
    this.client = client
    this.#host = host
    this.#exchange = new PlainExchange(client, () => this.#persistence())
    client
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('drain', this.#onDrain)
      .on('timeout', this.#onTimeout)
      .on('error', this.#onError)
      .on('close', this.#onClose)
      .setTimeout(FIRST_BYTE_MS)
  }

  /** Whether no request is being answered. */
  get idle(): boolean {
    return this.#request === undefined
  }

  /** Sends the request to an upstream, and its answer to the client. `settle` is told the outcome, once. */
  forward(upstream: Upstream, settle: (outcome: Outcome) => void): void {
    const request = this.#request
    if (request === undefined) return settle(DONE)
    const text = `${request.line}${request.fields}${this.#ourLines(request.host, upstream)}\r\n`
    this.#exchange.start(request.method, text, upstream, settle)
  }

  /**
   * The request has its answer.
   *
   * @param error it has none yet: it cannot be served
   */
  done(error?: UpError): void {
    const request = this.#request
    this.#host.onDone()
    if (request === undefined) return
    if (error !== undefined)
      this.client.write(this.#host.failureAnswer(error, this.#persistence(), request.method), 'latin1')
    this.#request = undefined
    const early = this.#early
    this.#early = undefined
    if (this.#last || this.#clientEnded) return this.client.destroySoon()
    if (early !== undefined) return this.#handOver(early)
    this.#served = true
    if (this.#keepAliveMs !== this.#host.keepAliveTimeoutMs) {
      this.#keepAliveMs = this.#host.keepAliveTimeoutMs
      this.client.setTimeout(this.#keepAliveMs)
    }
    // Who does not take its answers gets no more of them.
    if (this.client.writableNeedDrain) this.client.pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#request !== undefined) {
      // Pipelined: its turn comes behind the answer. Nothing more is read, so this does not grow.
      this.#early = this.#early === undefined ? chunk : Buffer.concat([this.#early, chunk])
      this.client.pause()
      return
    }
    const request = this.#host.open ? this.#reader.read(chunk) : undefined
    if (request === undefined) return this.#handOver(chunk)
    this.#request = request
    this.#host.onRequest(this)
  }

  /** A client may end its side and still want its answer. */
  readonly #onEnd = (): void => {
    this.#clientEnded = true
    if (this.#request === undefined) this.client.end()
  }

  readonly #onDrain = (): void => {
    if (this.#request === undefined) this.client.resume()
    else this.#exchange.goOn()
  }

  readonly #onTimeout = (): void => {
    if (this.#request !== undefined) return
    if (this.#served) this.#host.onTimeout(this.client)
    else this.#handOver(undefined)
  }

  readonly #onError = (error: Error): void => this.#host.onError(this.client, error)

  readonly #onClose = (): void => {
    this.#request = undefined
    this.#host.onClose(this)
    this.#exchange.abandon()
  }

  #handOver(read: Buffer | undefined): void {
    this.client
      .removeListener('data', this.#onData)
      .removeListener('end', this.#onEnd)
      .removeListener('drain', this.#onDrain)
      .removeListener('timeout', this.#onTimeout)
      .removeListener('error', this.#onError)
      .removeListener('close', this.#onClose)
      .setTimeout(0)
    this.#host.handOver(this, read)
  }

  #persistence(): string {
    this.#last = this.#host.closing
    return this.#last ? CLOSE_LINE : this.#host.keepAliveLines
  }

  #ourLines(host: string, { clientField, via }: Upstream): string {
    const known = this.#ours
    if (known?.host === host && known.clientField === clientField) return known.text
    const from = { socket: this.client }
    let text = via === undefined ? '' : `Via: 1.1 ${via}\r\n`
    text += forwardedLines(from, host, NOTHING_CLAIMED, NONE_GIVEN, this.#host.trust)
    if (clientField !== undefined) text += clientLine(from, clientField)
    this.#ours = { host, clientField, text }
    return text
  }
}

interface OurLines {
  readonly host: string
  readonly clientField: string | undefined
  readonly text: string
}
