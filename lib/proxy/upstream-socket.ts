import { readSync } from 'node:fs'
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'

/** An answer that is longer than this, in bytes, is not rescued whole. */
const MAX_RESCUED = 1024 * 1024
const READ_SIZE = 65_536

/**
 * Takes what was read.
 *
 * @returns whether it is still in use afterwards, so that its memory cannot be used again
 */
export type OnRead = (piece: Buffer) => boolean

/**
 * A socket to an upstream. It differs from node's in two ways.
 *
 * It reads into the same memory again and again: new memory for each read has to be fetched and, because it is
 * not in the CPU's caches, costs as much as all else that is done to a large body.
 *
 * It can hand out what has arrived before it is destroyed by a failed write. An upstream that refuses an
 * upload often answers and closes while the body is still on its way: the next write fails, and node:net
 * closes the socket although the answer lies unread in the kernel.
 */
export class UpstreamSocket extends Socket {
  /** Whether it does: only what arrives behind a request can be the answer to it. */
  rescues = false
  readonly #onRead: OnRead

  constructor(onRead: OnRead) {
    let memory = Buffer.allocUnsafeSlow(READ_SIZE)
    let free = true
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      onread: {
        buffer: () => {
          if (!free) memory = Buffer.allocUnsafeSlow(READ_SIZE)
          free = true
          return memory
        },
        callback: length => {
          free = !onRead(memory.subarray(0, length))
          return true
        }
      }
    }
    super(options)
    this.#onRead = onRead
  }

  override _destroy(error: NodeJS.ErrnoException | null, callback: (error?: Error | null) => void): void {
    // What waits in the stream itself is lost by now, and what follows it would be out of place.
    if (this.rescues && error?.syscall === 'write' && this.readableLength === 0) this.#rescue()
    super._destroy(error, callback)
  }

  #rescue(): void {
    const handle: unknown = Reflect.get(this, '_handle')
    const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
    if (typeof fd !== 'number' || fd < 0) return
    for (let rescued = 0; rescued < MAX_RESCUED;) {
      const buffer = Buffer.allocUnsafe(READ_SIZE)
      const length = readAvailable(fd, buffer)
      if (length === 0) return
      rescued += length
      this.#onRead(buffer.subarray(0, length))
    }
  }
}

/** How many bytes there are to be read without waiting: 0 also at the end and after a reset. */
function readAvailable(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer)
  } catch {
    return 0
  }
}
