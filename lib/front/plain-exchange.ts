import type { Socket } from 'node:net'
import type { UpstreamError } from '../errors.js'
import type { ConnectionUser, UpstreamConnection } from '../proxy/connection.js'
import { interimText } from '../proxy/interim.js'
import { answered, brokenOff, DONE, isIdempotent, retryOf, type Outcome } from '../proxy/outcome.js'
import type { ResponseHead } from '../proxy/response-head.js'
import { truncate } from '../proxy/truncate.js'
import type { Upstream } from '../proxy/upstream.js'
import { assertNoSwitch, silenceOf } from '../proxy/upstream-faults.js'
import { waitForConnection } from '../proxy/wait-for-connection.js'
import { answerHead } from './answer-head.js'
import type { PlainRequest } from './plain-request.js'
import type { PlainUpload } from './plain-upload.js'

/** Up to so many bytes an answer, or a piece of one, is copied to be sent in one write. */
const SMALL = 16_384

/**
 * Forwards a plain request to an upstream, and its answer to the client: one exchange after the other.
 *
 * What it has for the client is collected as text, latin1, and written when the upstream's read is used up:
 * most answers leave in one write, and the system takes a short text without anything being allocated.
 */
export class PlainExchange implements ConnectionUser {
  readonly copies = true
  readonly #client: Socket
  /** The lines that tell the client whether its connection stays open. */
  readonly #persistence: () => string
  /** What the client is to know its request by, if it is. */
  readonly #id: () => string | undefined
  #upstream: Upstream | undefined
  #connection: UpstreamConnection | undefined
  #upload: PlainUpload | undefined
  #repeatable = true
  #http10 = false
  #settle: ((outcome: Outcome) => void) | undefined
  #head: ResponseHead | undefined
  #chunked = false
  #bytes = 0
  #text = ''
  /** How many bytes of the answer's body are in the text. */
  #collected = 0
  /** The upstream's answer is held back until the client takes more. */
  #throttled = false

  constructor(client: Socket, persistence: () => string, id: () => string | undefined) {
    this.#client = client
    this.#persistence = persistence
    this.#id = id
  }

  /**
   * Sends a request.
   *
   * @param text its head, as the upstream is to get it
   * @param upload its body, if it has one
   * @param settle told the outcome, once; while that is `failed` nothing was written to the client
   */
  start(
    { method, version }: PlainRequest,
    text: string,
    upload: PlainUpload | undefined,
    upstream: Upstream,
    settle: (outcome: Outcome) => void
  ): void {
    this.#upstream = upstream
    this.#upload = upload
    this.#http10 = version === '1.0'
    this.#repeatable = upload === undefined && isIdempotent(method)
    this.#settle = settle
    this.#head = undefined
    this.#chunked = false
    this.#bytes = 0
    this.#text = ''
    this.#collected = 0
    const connection = upstream.pool.acquire(this.#repeatable)
    if (connection !== undefined) return this.#begin(connection, method, text)
    waitForConnection(
      upstream,
      this.#client,
      () => this.#settle === settle,
      free => this.#begin(free, method, text),
      outcome => this.#finish(outcome)
    )
  }

  /** Whether the head of the answer has come. */
  get answered(): boolean {
    return this.#settle !== undefined && this.#head !== undefined
  }

  /** How much of the answer's body the client was sent. */
  get bytes(): number {
    return this.#bytes
  }

  /** The client takes more. */
  goOn(): void {
    if (!this.#throttled) return
    this.#throttled = false
    this.#connection?.resume()
  }

  /** The client is gone: the upstream need not go on. */
  abandon(): void {
    this.#connection?.destroy()
    this.#connection = undefined
    this.#upload?.drop()
    this.#finish(this.#head === undefined ? DONE : answered(this.#head.status))
  }

  letGo(): boolean {
    return this.#client.writableLength === 0
  }

  onDrain(): void {
    this.#upload?.goOn()
  }

  onInformation(head: ResponseHead): void {
    if (head.status !== 100 && !this.#http10) this.#text += interimText(head, this.#upstream?.via)
  }

  onHead(head: ResponseHead): void {
    assertNoSwitch(head)
    this.#head = head
    this.#chunked = !this.#http10 && (head.framing === 'chunked' || head.framing === 'close')
    this.#text += answerHead(head, {
      via: this.#upstream?.via,
      id: this.#id(),
      chunked: this.#chunked,
      persistence: this.#persistence()
    })
  }

  onData(piece: Buffer): void {
    if (this.#chunked && piece.length > 0) this.#text += `${piece.length.toString(16)}\r\n`
    if (this.#text.length + piece.length <= SMALL) {
      this.#text += piece.toString('latin1')
      this.#collected += piece.length
    } else {
      this.#client.cork()
      this.#flush()
      this.#bytes += piece.length
      this.#hold(this.#client.write(piece))
      this.#client.uncork()
    }
    if (this.#chunked && piece.length > 0) this.#text += '\r\n'
  }

  onReadEnd(): void {
    this.#flush()
  }

  onEnd(): void {
    if (this.#chunked) this.#text += '0\r\n\r\n'
    this.#flush()
    const connection = this.#connection
    this.#connection = undefined
    if (this.#throttled) connection?.resume()
    this.#throttled = false
    const isSent = this.#upload?.done !== false
    if (!isSent) this.#upload?.drop()
    if (connection !== undefined && isSent && this.#head?.persistent === true)
      this.#upstream?.pool.release(connection)
    else connection?.destroy()
    this.#finish(this.#head === undefined ? DONE : answered(this.#head.status))
  }

  onSilence(): void {
    // It is the client who keeps us waiting.
    const isUpload = this.#upload?.isWaitingForClient === true && this.#head === undefined
    if (this.#throttled || isUpload || this.#upstream === undefined) return
    this.#connection?.destroy()
    this.onFail(silenceOf(this.#upstream))
  }

  onFail(error: UpstreamError): void {
    const answering = this.#connection?.answering === true
    this.#connection = undefined
    this.#throttled = false
    if (this.#head !== undefined) {
      truncate(this.#client, this.#head, this.#http10)
      return this.#finish(brokenOff(this.#head.status))
    }
    const retry = retryOf(error, this.#upload?.begun !== true, this.#repeatable && !answering)
    if (retry === 'never') {
      this.#upload?.drop()
    } else {
      this.#upload?.stop()
      this.#upstream?.pool.discardIdle()
    }
    this.#finish({ kind: 'failed', error, retry })
  }

  #begin(connection: UpstreamConnection, method: string, text: string): void {
    this.#connection = connection
    connection.begin(method, this)
    if (this.#upload === undefined) connection.write(text)
    else this.#upload.start(text, connection)
  }

  #flush(): void {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    this.#bytes += this.#collected
    this.#collected = 0
    this.#hold(this.#client.write(text, 'latin1'))
  }

  #hold(more: boolean): void {
    if (more || this.#throttled) return
    this.#throttled = true
    this.#connection?.pause()
  }

  #finish(outcome: Outcome): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }
}
