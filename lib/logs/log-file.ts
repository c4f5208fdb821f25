import { close, constants, fstat, fstatSync, open, openSync, stat, write, type Stats } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A pipe that nobody reads would keep us waiting for ever. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
/** How often it is looked, in front of what is to be written, whether the file was moved away, in milliseconds. */
const LOOK_EVERY_MS = 100
/** When it is tried again, in milliseconds: what cannot be written, and a pipe whose reader is slow. */
const RETRY_MS = 1000
const FULL_RETRY_MS = 20

const calls = {
  close: promisify(close),
  fstat: promisify(fstat),
  open: promisify(open),
  stat: promisify(stat),
  write: promisify(write)
}

/**
 * A file that is appended to. If it is moved away, as by logrotate, a new one is begun; if it is truncated, it goes on
 * there.
 */
export class LogFile {
  readonly #path: string
  readonly #onFailure: (error: unknown) => void
  readonly #ended = new AbortController()
  #fd: number
  #open: Stats
  #looked = performance.now()

  /**
   * Throws what the system says if it cannot be opened.
   *
   * @param onFailure it cannot be written for now, and is tried again
   */
  constructor(path: string, onFailure: (error: unknown) => void) {
    this.#path = path
    this.#onFailure = onFailure
    this.#fd = openSync(path, FLAGS)
    this.#open = fstatSync(this.#fd)
  }

  /** Resolves when all is written, however long that takes. Rejects if that fails once there is no time left. */
  async append(bytes: Buffer): Promise<void> {
    if (performance.now() - this.#looked > LOOK_EVERY_MS) await this.#follow()
    for (let at = 0; at < bytes.length;) {
      try {
        at += (await calls.write(this.#fd, bytes, at)).bytesWritten
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') {
          await delay(FULL_RETRY_MS, undefined, { ref: false })
        } else if (this.#ended.signal.aborted) {
          throw error
        } else {
          this.#onFailure(error)
          await this.#rest()
          // It may have been moved away to make room.
          await this.#follow()
        }
      }
    }
  }

  /** There is no time left: what cannot be written is not tried again. */
  hurry(): void {
    this.#ended.abort()
  }

  close(): Promise<void> {
    const fd = this.#fd
    // What is still being tried must not get into what is opened next.
    this.#fd = -1
    return calls.close(fd)
  }

  async #follow(): Promise<void> {
    this.#looked = performance.now()
    try {
      if (!(await this.#isMoved())) return
      const old = this.#fd
      this.#fd = await calls.open(this.#path, FLAGS)
      this.#open = await calls.fstat(this.#fd)
      await calls.close(old)
    } catch (error) {
      this.#onFailure(error)
    }
  }

  /** Whether another file, or none, is at its place. */
  async #isMoved(): Promise<boolean> {
    const found = await calls.stat(this.#path).catch(() => undefined)
    return found === undefined || found.ino !== this.#open.ino || found.dev !== this.#open.dev
  }

  async #rest(): Promise<void> {
    await delay(RETRY_MS, undefined, { ref: false, signal: this.#ended.signal }).catch(() => {})
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
