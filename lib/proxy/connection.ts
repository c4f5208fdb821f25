import { messageOf, UpstreamError } from '../errors.js'
import { addressText, type Address } from './address.js'
import { ResponseParser, type ResponseReceiver } from './response-parser.js'
import { UpstreamSocket } from './upstream-socket.js'

/** Shorter reads are copied, so that a short piece that waits does not keep the memory of a long one. */
const SHORT = 16_384

/** What happens to one request on a connection, besides its answer. */
export interface ConnectionUser extends ResponseReceiver {
  /** Whether it makes copies of short pieces itself. */
  readonly copies: boolean
  /** Lets go of the pieces that it got, if it can. Returns whether it did, so that their memory can be used again. */
  letGo(): boolean
  /** All that one read brought has been parsed: what is still kept back should go out. */
  onReadEnd(): void
  /** The upstream takes more of the request's body. */
  onDrain(): void
  /** `timeoutMs` passed without a byte in either direction. */
  onSilence(): void
  /** The answer will not become whole. The connection is destroyed. */
  onFail(error: UpstreamError): void
}

/** One connection to an upstream, which carries one request at a time. */
export class UpstreamConnection {
  readonly #socket = new UpstreamSocket(piece => this.#onRead(piece))
  readonly #address: Address
  #user: ConnectionUser | undefined
  #parser: ResponseParser | undefined
  #connected = false
  /** Whether it ended in the middle of a request. */
  broken = false
  /** Called once when the connection is gone, idle or not. */
  onClose: (() => void) | undefined

  /**
   * @param timeoutMs the longest silence, in milliseconds; 0 is no limit
   * @param connectTimeoutMs how long it may take until it stands
   */
  constructor(address: Address, timeoutMs: number, connectTimeoutMs = timeoutMs) {
    this.#address = address
    if (address.socketPath !== undefined) this.#socket.connect(address.socketPath)
    else this.#socket.setNoDelay().connect(address.port, address.host)
    this.#socket
      .on('error', error => this.#fail(this.#explain(error)))
      .on('connect', () => {
        this.#connected = true
        this.#socket.setTimeout(timeoutMs)
      })
      .on('end', () => this.#finish())
      .on('drain', () => this.#user?.onDrain())
      .on('timeout', () => this.#onSilence(connectTimeoutMs))
      .on('close', () => {
        this.#fail(
          new UpstreamError('UP_ERR_UPSTREAM_CLOSED', `${addressText(address)} closed the connection`)
        )
        this.onClose?.()
      })
    this.#socket.setTimeout(connectTimeoutMs)
  }

  get connected(): boolean {
    return this.#connected
  }

  /** Whether it can take a request. */
  get usable(): boolean {
    return (
      this.#user === undefined && !this.#socket.destroyed && this.#socket.writable && this.#socket.readable
    )
  }

  /** Whether a byte of the current answer has arrived. */
  get answering(): boolean {
    return this.#parser?.started ?? false
  }

  /** Begins a request; `write` sends it. */
  begin(method: string, user: ConnectionUser): void {
    this.#user = user
    this.#socket.rescues = false
    this.#parser = new ResponseParser(method, user)
  }

  /** Ends the use of a connection whose request is sent and whose answer is whole. */
  finish(): void {
    this.#user = undefined
    this.#parser = undefined
  }

  /** Whether something that was written is not with the system yet. */
  get writing(): boolean {
    return this.#socket.writableLength > 0
  }

  /**
   * Returns false when the caller should wait for `onDrain`.
   *
   * @param onTaken called once the other side's system has taken the data; never if it cannot
   */
  write(data: Buffer | string, onTaken?: () => void): boolean {
    if (onTaken === undefined) return this.#socket.write(data, 'latin1')
    return this.#socket.write(data, 'latin1', error => {
      if (error != null) return
      this.#socket.rescues = true
      onTaken()
    })
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Ends the connection at once; its user hears nothing more. */
  destroy(): void {
    this.#user = undefined
    this.#socket.destroy()
  }

  #onSilence(connectTimeoutMs: number): void {
    if (this.#connected) this.#user?.onSilence()
    else this.#fail(new Error(`it did not stand within ${connectTimeoutMs} ms`))
  }

  #onRead(piece: Buffer): boolean {
    const user = this.#user
    const short = piece.length < SHORT
    this.#read(short && user?.copies === false ? Buffer.from(piece) : piece)
    return (!short || user?.copies === true) && user?.letGo() === false
  }

  #read(chunk: Buffer): void {
    const user = this.#user
    const parser = this.#parser
    if (user === undefined || parser === undefined) {
      // Nobody asked: whatever this is, it must not become the answer to the next request.
      this.destroy()
      return
    }
    try {
      const rest = parser.execute(chunk)
      if (rest.length > 0)
        throw new UpstreamError('UP_ERR_BAD_RESPONSE', 'bytes follow the answer of the upstream')
      if (this.#user === user) user.onReadEnd()
    } catch (error) {
      this.#fail(error)
    }
  }

  #finish(): void {
    try {
      this.#parser?.finish()
    } catch (error) {
      this.#fail(error)
    }
    // The upstream has closed its side: the connection has no further use.
    this.#socket.destroy()
  }

  #fail(reason: unknown): void {
    const user = this.#user
    this.destroy()
    if (user === undefined) return
    this.broken = true
    user.onFail(reason instanceof UpstreamError ? reason : this.#explain(reason))
  }

  #explain(cause: unknown): UpstreamError {
    const text = addressText(this.#address)
    const why = messageOf(cause)
    return this.#connected
      ? new UpstreamError('UP_ERR_UPSTREAM_CLOSED', `the connection to ${text} broke: ${why}`, { cause })
      : new UpstreamError('UP_ERR_CONNECT', `cannot connect to ${text}: ${why}`, { cause })
  }
}
