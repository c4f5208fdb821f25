import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { show, UpError } from '../errors.js'
import { isLiveUp } from './live-up.js'

/** Attempts to take a pid file over: each lost one means that another starter moved meanwhile. */
const ATTEMPTS = 5

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
    if (found !== undefined) this.#assertStale(found)
  }

  /**
   * Writes it whole. Of several processes that start at once one wins, as a link is only made where
   * there is nothing.
   *
   * @throws {UpError} `UP_ERR_PID_FILE`: another live `up` owns it, it is something else, or it cannot be written
   */
  acquire(): void {
    const draft = `${this.path}.${process.pid}.new`
    try {
      writeFileSync(draft, this.#text)
      for (let attempt = 0; !this.#ours && attempt < ATTEMPTS; attempt++) {
        this.#ours = linkUnlessThere(draft, this.path)
        if (!this.#ours) this.#removeStale()
      }
    } catch (cause) {
      throw cause instanceof UpError ? cause : this.#error(`cannot be written: ${reason(cause)}`, cause)
    } finally {
      rmSync(draft, { force: true })
    }
    if (!this.#ours) throw this.#error('is being taken by other processes')
  }

  /** Removes it, unless it is no longer ours. */
  release(): void {
    if (!this.#ours) return
    this.#ours = false
    try {
      if (readFileSync(this.path, 'utf8') === this.#text) rmSync(this.path)
    } catch {
      // It is gone already, or its folder is.
    }
  }

  /** Puts a stale file aside, and back should it turn out to be another's new one. */
  #removeStale(): void {
    const found = this.#read()
    if (found === undefined) return
    this.#assertStale(found)
    const aside = `${this.path}.${process.pid}.old`
    try {
      renameSync(this.path, aside)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      throw error
    }
    if (readFileSync(aside, 'utf8') !== found) linkUnlessThere(aside, this.path)
    rmSync(aside)
  }

  #assertStale(text: string): void {
    // Empty is what a crash of the machine may leave.
    if (text.trim() === '') return
    if (!/^\d{1,10}\s*$/.test(text)) {
      throw this.#error(`holds ${show(text.slice(0, 40))}, which is no pid: it is left alone`)
    }
    const pid = Number(text)
    if (pid !== process.pid && isLiveUp(pid, this.path)) {
      throw this.#error(`belongs to another up that is running, with pid ${pid}`)
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

/** Says whether it could: not if there is something at `path`. */
function linkUnlessThere(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error
  }
  try {
    writeFileSync(path, readFileSync(draft), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** File systems without hard links answer one of these. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const REASONS: Record<string, string> = {
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
