import type { Socket } from 'node:net'

/** The longest piece, in bytes. */
export const READ_SIZE = 65_536
/**
 * Other reads are so long at most, in bytes: what comes with a request's head is read before it is known whether
 * the request has to wait, and then kept.
 */
export const SHORT_READ_SIZE = 16_384

/** What a socket of node:net has for its option `onread`, by the names of its symbols. */
interface OnReadKeys {
  readonly kBuffer: symbol
  readonly kBufferCb: symbol
  readonly kBufferGen: symbol
}

interface ReadingHandle {
  useUserBuffer(memory: Uint8Array): void
}

/** Who wants to have what a socket reads, without that the socket gets new memory for each piece. */
export interface ReusedReader {
  /** Whether it wants the next pieces. */
  readonly wantsReads: boolean
  /** Whether pieces that it got are still in use, so that their memory cannot be used again. */
  readonly usesReads: boolean
  takeRead(piece: Buffer): void
}

/**
 * Makes a socket that was accepted read into the same memory again and again, as node:net's option `onread` makes
 * one that connects: there is no public way to say so of sockets that a server accepts. What the reader does not want
 * is copied, and goes through the stream, as always.
 *
 * New memory for each read has to be fetched and, as it is not in the CPU's caches, costs as much as all else that
 * is done to a large body; and V8 collects it only when 32 to 64 MB of it have gathered.
 *
 * @param shared memory that many sockets may share, for what the reader does not want
 * @returns false where node:net is not made in the way that this needs: then nothing has changed
 */
export function reuseReads(socket: Socket, reader: ReusedReader, shared: Buffer): boolean {
  const handle: unknown = Reflect.get(socket, '_handle')
  const keys = onReadKeys(socket)
  if ('encrypted' in socket || keys === undefined || !isReadingHandle(handle)) return false
  let long: LongReads | undefined
  Reflect.set(socket, keys.kBuffer, shared)
  Reflect.set(socket, keys.kBufferCb, (length: number, read: Buffer): boolean => {
    const piece = read.subarray(0, length)
    if (!reader.wantsReads || !isFlowing(socket)) return socket.push(Buffer.from(piece))
    // What came into the memory that is shared has to leave it at once.
    reader.takeRead(read === shared ? Buffer.from(piece) : piece)
    return true
  })
  Reflect.set(socket, keys.kBufferGen, (): Buffer => {
    if (!reader.wantsReads) {
      long = undefined
      return shared
    }
    long ??= new LongReads(reader)
    return long.next()
  })
  handle.useUserBuffer(shared)
  return true
}

/** The memory of one long body: a piece whose reader still uses it is not written over. */
class LongReads {
  readonly #reader: ReusedReader
  #memory: Buffer | undefined
  /** Pieces that were in use; none is any more once the reader uses none. */
  #busy: Buffer[] = []
  #spare: Buffer[] = []

  constructor(reader: ReusedReader) {
    this.#reader = reader
  }

  /** Where the next piece is to go. */
  next(): Buffer {
    if (!this.#reader.usesReads) {
      this.#spare.push(...this.#busy.splice(0))
    } else if (this.#memory !== undefined) {
      this.#busy.push(this.#memory)
      this.#memory = undefined
    }
    this.#memory ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(READ_SIZE)
    return this.#memory
  }
}

/** Whether a piece that went through the stream would reach its one listener at once. */
function isFlowing(socket: Socket): boolean {
  return socket.readableFlowing === true && socket.readableLength === 0 && socket.listenerCount('data') === 1
}

function onReadKeys(socket: Socket): OnReadKeys | undefined {
  const own = Object.getOwnPropertySymbols(socket)
  const named = (name: string): symbol | undefined => own.find(({ description }) => description === name)
  const kBuffer = named('kBuffer')
  const kBufferCb = named('kBufferCb')
  const kBufferGen = named('kBufferGen')
  if (kBuffer === undefined || kBufferCb === undefined || kBufferGen === undefined) return undefined
  return Reflect.get(socket, kBuffer) === null ? { kBuffer, kBufferCb, kBufferGen } : undefined
}

function isReadingHandle(handle: unknown): handle is ReadingHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'useUserBuffer') === 'function'
  )
}
