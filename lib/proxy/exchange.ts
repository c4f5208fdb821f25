import type { IncomingMessage, ServerResponse } from 'node:http'
import { UpError, type UpstreamError } from '../errors.js'
import { clientOf } from './client-of.js'
import { protocolOf, type ClientProtocol } from './client-protocol.js'
import type { ConnectionUser, UpstreamConnection } from './connection.js'
import { answered, brokenOff, DONE, isIdempotent, retryOf, type Outcome } from './outcome.js'
import { buildRequestHead, type RequestBody } from './request-head.js'
import type { ResponseHead } from './response-head.js'
import { Upload } from './upload.js'
import type { Upstream } from './upstream.js'
import { assertNoSwitch, silenceOf } from './upstream-faults.js'
import { waitForConnection } from './wait-for-connection.js'

/**
 * Forwards one request to the upstream and its answer to the client.
 *
 * Resolves when the upstream's part is over; never rejects. While the outcome is `failed` nothing was
 * written to `res` and nothing of the body was read, so the request can be given to another upstream.
 */
export function exchange(
  req: IncomingMessage,
  res: ServerResponse,
  upstream: Upstream,
  trust: (address: string) => boolean
): Promise<Outcome> {
  return new Promise(resolve => {
    try {
      if (protocolOf(req).isOver(res)) return resolve(DONE)
      const head = buildRequestHead(req, {
        trust,
        clientField: upstream.clientField,
        via: upstream.via,
        host: upstream.host,
        upgrade: false
      })
      if (head.body !== 'none' && wasRead(req)) throw bodyRead(req)
      const isRepeatable = head.body === 'none' && isIdempotent(req.method ?? '')
      const connection = upstream.pool.acquire(isRepeatable)
      if (connection === undefined) {
        const begin = (free: UpstreamConnection): void =>
          new Exchange(req, res, upstream, free, head.body, resolve).start(head.text)
        const isWanted = (): boolean => !protocolOf(req).isOver(res)
        return waitForConnection(upstream, clientOf(req), isWanted, begin, resolve)
      }
      new Exchange(req, res, upstream, connection, head.body, resolve).start(head.text)
    } catch (error) {
      const known =
        error instanceof UpError ? error : new UpError('UP_ERR_BAD_REQUEST', String(error), { cause: error })
      resolve({ kind: 'failed', error: known, retry: 'never' })
    }
  })
}

function wasRead(req: IncomingMessage): boolean {
  // Text instead of bytes would not have the same length.
  return req.readableDidRead || req.readableEnded || req.readableEncoding !== null
}

function bodyRead(req: IncomingMessage): UpError {
  const why = `middleware read the body of ${req.method ?? ''} ${req.url ?? ''}, so it cannot be forwarded`
  return new UpError('UP_ERR_BODY_READ', why)
}

class Exchange implements ConnectionUser {
  readonly copies = false
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #protocol: ClientProtocol
  readonly #upstream: Upstream
  readonly #connection: UpstreamConnection
  readonly #upload: Upload
  /** A repetition of it does no harm, as far as the request goes. */
  readonly #harmless: boolean
  /** The client may wait for a 100 before it sends its body. */
  #awaitsContinue: boolean
  #settle: ((outcome: Outcome) => void) | undefined
  /** The upstream's answer is held back until the client takes more. */
  #throttled = false
  #head: ResponseHead | undefined
  /** The last piece of the answer's body: kept until it is known whether it is the very last. */
  #piece: Buffer | undefined

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    upstream: Upstream,
    connection: UpstreamConnection,
    body: RequestBody,
    settle: (outcome: Outcome) => void
  ) {
    this.#req = req
    this.#res = res
    this.#protocol = protocolOf(req)
    this.#upstream = upstream
    this.#connection = connection
    this.#upload = new Upload(req, this.#connection, body, this.#protocol)
    this.#harmless = body === 'none' && isIdempotent(req.method ?? '')
    this.#awaitsContinue = body !== 'none' && req.headers.expect !== undefined
    this.#settle = settle
  }

  start(head: string): void {
    this.#res.on('close', this.#onClientClose)
    this.#connection.begin(this.#req.method ?? 'GET', this)
    this.#upload.start(head)
  }

  // The upstream's side

  letGo(): boolean {
    return this.#protocol.sendAll(this.#res)
  }

  onDrain(): void {
    this.#upload.goOn()
  }

  onInformation(head: ResponseHead): void {
    if (head.status !== 100) return this.#protocol.writeInterim(this.#res, head, this.#upstream.via)
    if (!this.#awaitsContinue) return
    this.#awaitsContinue = false
    this.#protocol.writeContinue(this.#res)
  }

  onHead(head: ResponseHead): void {
    assertNoSwitch(head)
    // Somebody else has answered meanwhile, a time limit in middleware for example: what follows this
    // head finds none that it could belong to.
    if (this.#res.headersSent || this.#res.writableEnded) return this.#abandon()
    this.#protocol.writeHead(this.#res, head, this.#upstream.via)
    this.#head = head
  }

  onData(piece: Buffer): void {
    if (this.#head === undefined) return
    if (this.#piece !== undefined) this.#writePiece(this.#piece)
    this.#piece = piece
  }

  onReadEnd(): void {
    if (this.#head === undefined) return
    if (this.#piece === undefined) return this.#throttle(this.#protocol.flushHead(this.#res))
    this.#writePiece(this.#piece)
    this.#piece = undefined
  }

  onEnd(): void {
    if (this.#head === undefined) return
    const persistent = this.#upload.done && this.#head.persistent
    this.#upload.drop()
    this.#res.removeListener('close', this.#onClientClose).removeListener('drain', this.#onClientDrain)
    if (this.#piece === undefined) this.#res.end()
    else this.#res.end(this.#piece)
    if (this.#throttled) this.#connection.resume()
    if (persistent) this.#upstream.pool.release(this.#connection)
    else this.#connection.destroy()
    this.#finish(answered(this.#head.status))
  }

  onSilence(): void {
    // It is the client who keeps us waiting: its own time limits are the server's matter.
    const isUpload = this.#upload.isWaitingForClient && !this.#awaitsContinue && this.#head === undefined
    if (this.#throttled || isUpload) return
    this.#connection.destroy()
    this.onFail(silenceOf(this.#upstream))
  }

  onFail(error: UpstreamError): void {
    this.#res.removeListener('close', this.#onClientClose).removeListener('drain', this.#onClientDrain)
    if (this.#head !== undefined) {
      this.#protocol.truncate(this.#req, this.#res, this.#head)
      this.#upload.drop()
      return this.#finish(brokenOff(this.#head.status))
    }
    const retry = retryOf(error, !this.#upload.reading, this.#harmless && !this.#connection.answering)
    if (retry === 'never') {
      this.#upload.drop()
    } else {
      this.#upload.stop()
      this.#upstream.pool.discardIdle()
    }
    this.#finish({ kind: 'failed', error, retry })
  }

  // The client's side

  readonly #onClientClose = (): void => {
    if (!this.#protocol.isSent(this.#res)) this.#abandon()
  }

  readonly #onClientDrain = (): void => {
    this.#throttled = false
    this.#connection.resume()
  }

  #writePiece(piece: Buffer): void {
    this.#throttle(this.#res.write(piece))
  }

  #throttle(more: boolean): void {
    if (more || this.#throttled || this.#settle === undefined) return
    this.#throttled = true
    this.#connection.pause()
    this.#res.once('drain', this.#onClientDrain)
  }

  /** The client no longer wants the answer, so the upstream need not go on. */
  #abandon(): void {
    this.#res.removeListener('close', this.#onClientClose).removeListener('drain', this.#onClientDrain)
    this.#connection.destroy()
    this.#upload.drop()
    this.#finish(this.#head === undefined ? DONE : answered(this.#head.status))
  }

  #finish(outcome: Outcome): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }
}
