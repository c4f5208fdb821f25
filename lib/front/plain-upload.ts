import type { Socket } from 'node:net'
import type { UpstreamConnection } from '../proxy/connection.js'
import { READ_SIZE, type ReusedReader } from './reused-reads.js'

/** If more of a body waits here until the upstream has taken the request's head, no more is read, in bytes. */
const MAX_WAITING = 4096
/**
 * A head and what came of its body are given to the upstream in one write if they are no longer than this. An
 * idle connection takes all of that or, where the other side has closed it, nothing: so all of it may be
 * repeated if the write fails.
 */
const SMALL = 16_384
const NOTHING: Buffer = Buffer.alloc(0)

/** The bodies of the requests on one connection, each on its way to an upstream as fast as that takes it. */
export class PlainUpload implements ReusedReader {
  readonly #client: Socket
  #connection: UpstreamConnection | undefined
  /** What came before the upstream took the head: if it does not take it, another may get all of this. */
  #waiting = NOTHING
  /** How many bytes the client still has to send. */
  #awaited = 0
  #begun = false
  #blocked = false
  #dropped = false

  constructor(client: Socket) {
    this.#client = client
  }

  /** Whether the client has sent all of the body. */
  get whole(): boolean {
    return this.#awaited === 0
  }

  /** Whether all of the body is with the upstream. */
  get done(): boolean {
    return this.#awaited === 0 && this.#begun && !this.#dropped
  }

  /** Whether the upstream took the beginning of the request, so that nobody else can have all of it. */
  get begun(): boolean {
    return this.#begun
  }

  /** Whether it is the client's turn to send. */
  get isWaitingForClient(): boolean {
    return this.#awaited > 0 && this.#begun && !this.#blocked && !this.#dropped
  }

  /**
   * Expects a body.
   *
   * @param length how long it is, in bytes
   */
  expect(length: number): void {
    this.#connection = undefined
    this.#waiting = NOTHING
    this.#awaited = length
    this.#begun = false
    this.#blocked = false
    this.#dropped = false
  }

  get wantsReads(): boolean {
    return this.#begun && this.#awaited >= READ_SIZE
  }

  get usesReads(): boolean {
    return this.#connection?.writing === true
  }

  takeRead(piece: Buffer): void {
    this.#awaited -= piece.length
    this.#send(piece)
  }

  /** Takes what belongs to the body, and returns what follows it. */
  take(chunk: Buffer): Buffer | undefined {
    const piece = chunk.length <= this.#awaited ? chunk : chunk.subarray(0, this.#awaited)
    this.#awaited -= piece.length
    if (this.#begun) {
      this.#send(piece)
    } else if (!this.#dropped) {
      this.#waiting = this.#waiting.length === 0 ? piece : Buffer.concat([this.#waiting, piece])
      if (this.#waiting.length >= MAX_WAITING && this.#awaited > 0) this.#client.pause()
    }
    return chunk.length > piece.length ? chunk.subarray(piece.length) : undefined
  }

  /** Sends a request's head, and the body behind it. */
  start(head: string, connection: UpstreamConnection): void {
    this.#connection = connection
    const waiting = this.#waiting
    const together = head.length + waiting.length <= SMALL
    connection.write(together ? head + waiting.toString('latin1') : head, () => {
      if (this.#connection !== connection) return
      this.#begun = true
      // More may have come in the meantime.
      const rest = together ? this.#waiting.subarray(waiting.length) : this.#waiting
      this.#waiting = NOTHING
      if (rest.length > 0) this.#send(rest)
      if (!this.#blocked && this.#awaited > 0) this.#client.resume()
    })
  }

  /** The upstream takes more. */
  goOn(): void {
    if (!this.#blocked) return
    this.#blocked = false
    if (this.#awaited > 0) this.#client.resume()
  }

  /** Leaves the body to another upstream. */
  stop(): void {
    this.#connection = undefined
  }

  /** Nobody wants the body any more: what is left of it is read, as the next request comes behind it. */
  drop(): void {
    this.#connection = undefined
    this.#waiting = NOTHING
    this.#dropped = true
    if (this.#awaited > 0) this.#client.resume()
  }

  #send(piece: Buffer): void {
    if (this.#connection === undefined || this.#connection.write(piece)) return
    this.#blocked = true
    if (this.#awaited > 0) this.#client.pause()
  }
}
