import type { Socket } from 'node:net'
import type { UpError } from '../errors.js'
import { lingeringEnd } from '../proxy/lingering-end.js'
import { DONE, type Outcome } from '../proxy/outcome.js'
import { idLine } from '../proxy/request-id.js'
import type { Upstream } from '../proxy/upstream.js'
import { CLOSE_LINE } from './answer-head.js'
import type { FrontHost } from './front-host.js'
import { OurLines } from './our-lines.js'
import { PlainExchange } from './plain-exchange.js'
import { PlainRequestReader, type PlainRequest } from './plain-request.js'
import { PlainUpload } from './plain-upload.js'
import { setReadAhead } from './read-ahead.js'
import { reuseReads } from './reused-reads.js'

/** A new connection may be silent for so long, in milliseconds; then node:http waits, with its own limits. */
const FIRST_BYTE_MS = 1000

/**
 * A client's connection whose requests were all plain so far. They become text and no objects, which is what
 * makes them cheap. The first that is not plain, and all behind it, are left to node:http.
 */
export class FrontConnection {
  readonly client: Socket
  readonly #host: FrontHost
  readonly #reader = new PlainRequestReader()
  readonly #upload: PlainUpload
  readonly #exchange: PlainExchange
  readonly #ours: OurLines
  #request: PlainRequest | undefined
  #id: string | undefined
  #refusal: number | undefined
  /** The client has sent something behind it. */
  #pipelined = false
  /** How much the client's socket may read beforehand once it is node:http's. */
  readonly #readAhead: number
  #timeoutMs = FIRST_BYTE_MS
  #served = false
  #clientEnded = false
  #last = false

  constructor(client: Socket, host: FrontHost) {
    this.client = client
    this.#host = host
    this.#upload = new PlainUpload(client)
    this.#ours = new OurLines(client, host.trust)
    this.#exchange = new PlainExchange(
      client,
      () => this.#persistence(),
      () => this.#id
    )
    reuseReads(client, this.#upload, host.memory)
    this.#readAhead = setReadAhead(client, 0)
    client
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('drain', this.#onDrain)
      .on('timeout', this.#onTimeout)
      .on('error', this.#onError)
      .on('close', this.#onClose)
      .setTimeout(FIRST_BYTE_MS)
  }

  /** Whether no request is being received or answered. */
  get idle(): boolean {
    return this.#request === undefined && this.#upload.whole
  }

  /** The one that is being answered. */
  get request(): PlainRequest | undefined {
    return this.#request
  }

  /** By which the upstream and the client are to know it, if they are. */
  get id(): string | undefined {
    return this.#id
  }

  /** How many bytes of an upstream's body the client was sent for it. */
  get bytes(): number {
    return this.#exchange.bytes
  }

  /** The status that the client got in place of an answer, as the request did not become whole. */
  get refusal(): number | undefined {
    return this.#refusal
  }

  /** Sends the request to an upstream, and its answer to the client. `settle` is told the outcome, once. */
  forward(upstream: Upstream, settle: (outcome: Outcome) => void): void {
    const request = this.#request
    if (request === undefined) return settle(DONE)
    const id = this.#id === request.id || this.#id === undefined ? '' : idLine(this.#id)
    const text = `${request.line}${request.fields}${id}${this.#ours.of(request, upstream)}\r\n`
    this.#exchange.start(request, text, request.length > 0 ? this.#upload : undefined, upstream, settle)
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
      this.client.write(this.#host.failureAnswer(error, this.#persistence(), this), 'latin1')
    this.#request = undefined
    if (!this.#upload.whole) this.#upload.drop()
    if (this.#last || this.#clientEnded) {
      // What the client sent behind its last request must not cost it the answer.
      if (this.#pipelined || !this.#upload.whole) this.#linger('')
      else this.client.destroySoon()
      return
    }
    if (this.#pipelined) return this.#handOver(undefined)
    this.#served = true
    this.#setTimeout(this.#host.keepAliveTimeoutMs)
    // Who does not take its answers gets no more of them.
    if (this.client.writableNeedDrain) this.client.pause()
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#upload.whole) {
      const behind = this.#upload.take(chunk)
      if (behind !== undefined) this.#onData(behind)
      return
    }
    if (this.#request !== undefined) {
      // Its turn comes behind the answer. In the stream it keeps its place before the end of the client's side.
      this.#pipelined = true
      this.client.pause()
      this.client.unshift(chunk)
      return
    }
    const request = this.#host.open ? this.#reader.read(chunk) : undefined
    if (
      request === undefined ||
      (request.length > 0 && !this.#host.takesUploads) ||
      this.#host.isOwn(request)
    )
      return this.#handOver(chunk)
    this.#request = request
    this.#id = this.#host.idOf?.(request)
    if (request.length > 0) this.#upload.expect(request.length)
    if (request.rest !== undefined) this.#onData(request.rest)
    if (!this.#upload.whole) this.#setTimeout(this.#host.uploadTimeoutMs)
    this.#host.onRequest(this)
  }

  /** A client may end its side and still want its answer. */
  readonly #onEnd = (): void => {
    this.#clientEnded = true
    if (!this.#upload.whole) this.#cutOff(400)
    else if (this.#request === undefined) this.client.end()
  }

  readonly #onDrain = (): void => {
    if (this.#request === undefined) this.client.resume()
    else this.#exchange.goOn()
  }

  readonly #onTimeout = (): void => {
    if (this.#request !== undefined) {
      if (this.#upload.isWaitingForClient && !this.#exchange.answered) this.#cutOff(408)
      // It tells once only.
      else if (!this.#upload.whole) this.client.setTimeout(this.#timeoutMs)
    } else if (this.#served) this.#host.onTimeout(this.client)
    else this.#handOver(undefined)
  }

  /** The request will not become whole. */
  #cutOff(status: number): void {
    const answered = this.#exchange.answered
    const isDue = this.#request !== undefined && !answered
    if (isDue) this.#refusal = status
    this.#request = undefined
    this.#exchange.abandon()
    this.#upload.drop()
    // The client must be able to tell that its answer is not whole.
    if (answered) this.client.destroy()
    else this.#linger(isDue ? this.#host.refusal(status) : '')
  }

  /** Ends the connection; what the client still sends is nobody's any more. */
  #linger(text: string): void {
    this.client.removeListener('data', this.#onData).removeListener('end', this.#onEnd)
    lingeringEnd(this.client, text)
  }

  #setTimeout(ms: number): void {
    if (this.#timeoutMs === ms) return
    this.#timeoutMs = ms
    this.client.setTimeout(ms)
  }

  readonly #onError = (error: Error): void => this.#host.onError(this.client, error)

  readonly #onClose = (): void => {
    this.#request = undefined
    this.#host.onClose(this)
    this.#exchange.abandon()
  }

  #handOver(read: Buffer | undefined): void {
    setReadAhead(this.client, this.#readAhead)
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
    this.#last = this.#host.closing || this.#request?.last === true
    return this.#last ? CLOSE_LINE : this.#host.keepAliveLines
  }
}
