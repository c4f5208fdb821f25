import type { IncomingMessage } from 'node:http'
import type { ClientProtocol } from './client-protocol.js'
import type { UpstreamConnection } from './connection.js'
import type { RequestBody } from './request-head.js'

const LAST_CHUNK = '0\r\n\r\n'

/** Sends one request, and its body as fast as the upstream takes it. */
export class Upload {
  readonly #req: IncomingMessage
  readonly #connection: UpstreamConnection
  readonly #body: RequestBody
  readonly #protocol: ClientProtocol
  #reading = false
  #done: boolean
  #blocked = false
  #stopped = false

  constructor(
    req: IncomingMessage,
    connection: UpstreamConnection,
    body: RequestBody,
    protocol: ClientProtocol
  ) {
    this.#req = req
    this.#connection = connection
    this.#body = body
    this.#protocol = protocol
    this.#done = body === 'none'
  }

  /** Whether the whole request is with the connection. */
  get done(): boolean {
    return this.#done
  }

  /** Whether something of the body has been read, so that nobody else can have all of it. */
  get reading(): boolean {
    return this.#reading
  }

  /** Whether it is the client's turn to send. */
  get isWaitingForClient(): boolean {
    return !this.#done && !this.#blocked
  }

  start(head: string): void {
    if (this.#done) {
      this.#connection.write(head)
      return
    }
    // The body later: while it waits unread it can still go to another upstream. Middleware may listen
    // to it, too.
    if (this.#req.readableFlowing === true) this.#req.pause()
    this.#connection.write(head, this.#readBody)
  }

  /** The upstream takes more. */
  goOn(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#req.resume()
  }

  /** Sends no more, and leaves the body to whoever comes next. */
  stop(): void {
    this.#stopped = true
    if (this.#reading) this.#req.removeListener('data', this.#onBody).removeListener('end', this.#onBodyEnd)
  }

  /** Sends no more; node:http reads and drops what is left of a body that nobody wants any more. */
  drop(): void {
    this.stop()
    if (this.#body !== 'none' && (!this.#done || !this.#req.complete)) this.#req.resume()
  }

  readonly #readBody = (): void => {
    if (this.#stopped) return
    this.#reading = true
    this.#req.on('data', this.#onBody).on('end', this.#onBodyEnd).resume()
  }

  readonly #onBody = (chunk: Buffer): void => {
    const connection = this.#connection
    let more: boolean
    if (this.#body === 'chunked') {
      connection.cork()
      connection.write(`${chunk.length.toString(16)}\r\n`)
      connection.write(chunk)
      more = connection.write('\r\n')
      connection.uncork()
    } else {
      more = connection.write(chunk)
    }
    if (more) return
    this.#blocked = true
    this.#req.pause()
  }

  readonly #onBodyEnd = (): void => {
    if (!this.#protocol.isWhole(this.#req)) return
    this.#done = true
    if (this.#body === 'chunked') this.#connection.write(LAST_CHUNK)
  }
}
