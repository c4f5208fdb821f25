import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { messageOf, UpError, UpstreamError } from '../errors.js'
import { addressText } from './address.js'
import { interimText } from './interim.js'
import { lingeringEnd } from './lingering-end.js'
import { answered, brokenOff, DONE, isIdempotent, retryOf, type Outcome } from './outcome.js'
import { buildRequestHead } from './request-head.js'
import { clientFields } from './response-fields.js'
import type { ResponseHead } from './response-head.js'
import { ResponseParser, type ResponseReceiver } from './response-parser.js'
import { splice } from './splice.js'
import type { Upstream } from './upstream.js'
import { silenceOf } from './upstream-faults.js'

/** A request with the bytes that arrived behind its head. */
type UpgradeRequest = IncomingMessage & { readonly head?: Buffer }

export interface UpgradeOptions {
  readonly trust: (address: string) => boolean
  /** Called when the two sockets are joined. */
  readonly onAnswered: () => void
  /** Lines for the head of the answer, besides those of the upstream. */
  readonly fields?: string | undefined
}

/**
 * Forwards one upgrade request: after a 101 the two sockets are joined until both have ended; any
 * other answer is passed on whole, and the client's connection closed.
 *
 * Resolves when both sockets are done with; never rejects. While the outcome is `failed` nothing was
 * written to the client.
 *
 * Bytes that arrived behind the request's head, its `head`, are sent on only after a 101.
 */
export function upgrade(
  req: UpgradeRequest,
  client: Duplex,
  upstream: Upstream,
  options: UpgradeOptions
): Promise<Outcome> {
  return new Promise(resolve => {
    try {
      if (client.destroyed || client.writableEnded) return resolve(DONE)
      const head = buildRequestHead(req, {
        trust: options.trust,
        clientField: upstream.clientField,
        via: upstream.via,
        host: upstream.host,
        upgrade: true
      })
      new Upgrade(req, client, upstream, options, resolve).start(head.text)
    } catch (error) {
      const known =
        error instanceof UpError ? error : new UpError('UP_ERR_BAD_REQUEST', String(error), { cause: error })
      resolve({ kind: 'failed', error: known, retry: 'never' })
    }
  })
}

class Upgrade implements ResponseReceiver {
  readonly #client: Duplex
  readonly #early: Buffer
  readonly #upstream: Upstream
  readonly #fields: string
  readonly #onAnswered: () => void
  readonly #socket: Socket
  readonly #parser: ResponseParser
  readonly #http10: boolean
  readonly #idempotent: boolean
  #settle: ((outcome: Outcome) => void) | undefined
  #connected = false
  #head: ResponseHead | undefined
  #chunked = false

  constructor(
    req: UpgradeRequest,
    client: Duplex,
    upstream: Upstream,
    options: UpgradeOptions,
    settle: (outcome: Outcome) => void
  ) {
    this.#client = client
    this.#early = req.head ?? Buffer.alloc(0)
    this.#upstream = upstream
    this.#fields = options.fields ?? ''
    this.#onAnswered = options.onAnswered
    this.#settle = settle
    this.#http10 = req.httpVersionMinor === 0
    this.#idempotent = isIdempotent(req.method ?? '')
    this.#parser = new ResponseParser(req.method ?? 'GET', this)
    const { address } = upstream
    this.#socket =
      address.socketPath !== undefined
        ? connect({ path: address.socketPath, allowHalfOpen: true })
        : connect({ port: address.port, host: address.host, allowHalfOpen: true, noDelay: true })
  }

  start(head: string): void {
    this.#client.on('close', this.#onClientClose)
    this.#socket
      .on('error', this.#onError)
      .on('connect', this.#onConnect)
      .on('data', this.#onRead)
      .on('end', this.#onUpstreamEnd)
      .on('timeout', this.#onSilence)
    this.#socket.setTimeout(this.#upstream.connectTimeoutMs)
    this.#socket.write(head, 'latin1')
  }

  // The upstream's answer

  onInformation(head: ResponseHead): void {
    // There is no body that a 100 could be about.
    if (!this.#http10 && head.status !== 100)
      this.#client.write(interimText(head, this.#upstream.via), 'latin1')
  }

  onHead(head: ResponseHead): void {
    const protocol = head.fields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'upgrade')
    if (head.status === 101 && protocol === -1)
      throw new UpstreamError('UP_ERR_BAD_RESPONSE', 'the upstream switched protocols without naming one')
    this.#head = head
    let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n${this.#fields}`
    const fields = clientFields(head, this.#upstream.via)
    for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i] ?? ''}: ${fields[i + 1] ?? ''}\r\n`
    if (head.status === 101) {
      text += `Upgrade: ${head.fields[protocol + 1] ?? ''}\r\nConnection: Upgrade\r\n`
    } else {
      this.#chunked = !this.#http10 && (head.framing === 'chunked' || head.framing === 'close')
      text += (this.#chunked ? 'Transfer-Encoding: chunked\r\n' : '') + 'Connection: close\r\n'
    }
    this.#client.write(text + '\r\n', 'latin1')
  }

  onData(piece: Buffer): void {
    if (piece.length === 0) return
    if (this.#chunked) this.#client.write(`${piece.length.toString(16)}\r\n`, 'latin1')
    let more = this.#client.write(piece)
    if (this.#chunked) more = this.#client.write('\r\n', 'latin1')
    if (more || this.#socket.isPaused()) return
    this.#socket.pause()
    this.#client.once('drain', () => this.#socket.resume())
  }

  onEnd(): void {
    this.#release()
    this.#socket.destroy()
    if (this.#chunked) this.#client.write('0\r\n\r\n', 'latin1')
    // What the client sent behind its request belongs to no protocol that anyone agreed on.
    lingeringEnd(this.#client)
    this.#finish(this.#head === undefined ? DONE : answered(this.#head.status))
  }

  // The sockets

  readonly #onConnect = (): void => {
    this.#connected = true
    this.#socket.setTimeout(this.#upstream.timeoutMs)
  }

  readonly #onRead = (chunk: Buffer): void => {
    try {
      const rest = this.#parser.execute(chunk)
      if (this.#head?.status === 101) this.#join(rest)
    } catch (error) {
      this.#onError(error)
    }
  }

  readonly #onUpstreamEnd = (): void => {
    try {
      this.#parser.finish()
    } catch (error) {
      this.#onError(error)
    }
  }

  readonly #onSilence = (): void => {
    const { connectTimeoutMs } = this.#upstream
    if (this.#connected) this.#onError(silenceOf(this.#upstream))
    else this.#onError(new Error(`it did not stand within ${connectTimeoutMs} ms`))
  }

  readonly #onClientClose = (): void => {
    this.#release()
    this.#socket.destroy()
    this.#finish(DONE)
  }

  readonly #onError = (cause: unknown): void => {
    this.#release()
    this.#socket.destroy()
    if (this.#head !== undefined) {
      this.#client.destroy()
      return this.#finish(brokenOff(this.#head.status))
    }
    const error = cause instanceof UpstreamError ? cause : this.#explain(cause)
    const retry = retryOf(error, true, this.#idempotent && !this.#parser.started)
    this.#finish({ kind: 'failed', error, retry })
  }

  #explain(cause: unknown): UpstreamError {
    const text = addressText(this.#upstream.address)
    const why = messageOf(cause)
    return this.#connected
      ? new UpstreamError('UP_ERR_UPSTREAM_CLOSED', `the connection to ${text} broke: ${why}`, { cause })
      : new UpstreamError('UP_ERR_CONNECT', `cannot connect to ${text}: ${why}`, { cause })
  }

  #join(rest: Buffer): void {
    this.#release()
    this.#onAnswered()
    if (rest.length > 0) this.#client.write(rest)
    if (this.#early.length > 0) this.#socket.write(this.#early)
    splice(this.#client, this.#socket, () => this.#finish(answered(101)))
  }

  #release(): void {
    this.#client.removeListener('close', this.#onClientClose)
    this.#socket
      .setTimeout(0)
      .removeListener('error', this.#onError)
      .removeListener('connect', this.#onConnect)
      .removeListener('data', this.#onRead)
      .removeListener('end', this.#onUpstreamEnd)
      .removeListener('timeout', this.#onSilence)
      .on('error', () => this.#socket.destroy())
  }

  #finish(outcome: Outcome): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }
}
