import type { Socket } from 'node:net'

/** The longest piece, in bytes. */
export const READ_SIZE = 65_536
/** Between long bodies a connection need not keep so much. */
const IDLE_SIZE = 4096

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
 * goes through the stream, as always.
 *
 * New memory for each read has to be fetched and, as it is not in the CPU's caches, costs as much as all else that
 * is done to a large body; and V8 collects it only when 32 to 64 MB of it have gathered.
 *
 * @returns false where node:net is not made in the way that this needs: then nothing has changed
 */
export function reuseReads(socket: Socket, reader: ReusedReader): boolean {
  const handle: unknown = Reflect.get(socket, '_handle')
  const keys = onReadKeys(socket)
  if ('encrypted' in socket || keys === undefined || !isReadingHandle(handle)) return false
  let memory: Buffer = Buffer.allocUnsafeSlow(IDLE_SIZE)
  let inUse = false
  /** Pieces whose reader still uses them, until it uses none; and those that are free again. */
  let busy: Buffer[] = []
  let spare: Buffer[] = []
  Reflect.set(socket, keys.kBuffer, memory)
  Reflect.set(socket, keys.kBufferCb, (length: number, read: Buffer): boolean => {
    const piece = read.subarray(0, length)
    if (!reader.wantsReads || !isFlowing(socket)) return socket.push(Buffer.from(piece))
    if (!reader.usesReads) spare.push(...busy.splice(0))
    reader.takeRead(piece)
    inUse = reader.usesReads
    return true
  })
  Reflect.set(socket, keys.kBufferGen, (): Buffer => {
    if (!reader.wantsReads) {
      if (memory.length > IDLE_SIZE || inUse) memory = Buffer.allocUnsafeSlow(IDLE_SIZE)
      busy = []
      spare = []
    } else if (inUse || memory.length < READ_SIZE) {
      if (inUse) busy.push(memory)
      memory = spare.pop() ?? Buffer.allocUnsafeSlow(READ_SIZE)
    }
    inUse = false
    return memory
  })
  handle.useUserBuffer(memory)
  return true
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
