import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { show, UpError } from '../errors.js'
import { underLock } from '../instances/file-lock.js'
import { isLiveUp } from './live-up.js'

/** A file that holds this process' pid for as long as it runs. */
export class PidFile {
  readonly path: string
  readonly #text = `${process.pid}\n`
  #ours = false

  constructor(path: string) {
    this.path = resolve(path)
  }

  /**
   * Checks, without writing, that the file can be ours.
   *
   * @throws {UpError} `UP_ERR_PID_FILE`: another live `up` owns it, or it is something else
   */
  check(): void {
    const found = this.#read()
    // An empty one is what a crash of the machine may leave.
    if (found === undefined || found.trim() === '') return
    if (!/^\d{1,10}\s*$/.test(found)) {
      throw this.#error(`holds ${show(found.slice(0, 40))}, which is no pid: it is left alone`)
    }
    const pid = Number(found)
    if (pid !== process.pid && isLiveUp(pid, this.path)) {
      throw this.#error(`belongs to another up that is running, with pid ${pid}`)
    }
  }

  /**
   * Writes it whole, in place of a stale one. Of several processes that start at once one wins.
   *
   * @throws {UpError} `UP_ERR_PID_FILE`: another live `up` owns it, it is something else, or it cannot be written
   */
  acquire(): void {
    const draft = `${this.path}.${process.pid}`
    try {
      // Blocks: the server listens already, and must get its handlers in this tick.
      underLock(`${this.path}.lock`, () => {
        this.check()
        writeFileSync(draft, this.#text)
        renameSync(draft, this.path)
      })
      this.#ours = true
    } catch (cause) {
      throw cause instanceof UpError ? cause : this.#error(`cannot be written: ${reason(cause)}`, cause)
    } finally {
      removeIfThere(draft)
    }
  }

  /** Removes it, unless it is no longer ours. */
  release(): void {
    if (!this.#ours) return
    this.#ours = false
    try {
      if (readFileSync(this.path, 'utf8') === this.#text) unlinkSync(this.path)
    } catch {
      // It is gone already, or its folder is.
    }
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8')
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined
      throw this.#error(`cannot be read: ${reason(cause)}`, cause)
    }
  }

  #error(what: string, cause?: unknown): UpError {
    return new UpError('UP_ERR_PID_FILE', `the pid file ${this.path} ${what}`, { cause })
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never made, or the reason why it stays is told already.
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const REASONS: Record<string, string> = {
  EEXIST: 'others are writing it, or left its .lock file behind',
  EISDIR: 'it is a folder',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'what should be its folder is a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left'
}

function reason(error: unknown): string {
  return REASONS[codeOf(error) ?? ''] ?? String(error)
}
