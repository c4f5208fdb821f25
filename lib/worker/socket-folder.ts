import { mkdtempSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OptionError } from '../errors.js'

/** `sun_path` of Linux has 108 bytes, one of them for the NUL. */
const MAX_PATH_BYTES = 107

/** A private folder (mode 0700) for the sockets of one server's workers. */
export class SocketFolder {
  readonly path: string
  #next = 1

  /** @throws {OptionError} `UP_ERR_OPTION`: no temporary folder whose path is short enough */
  constructor() {
    const longest = Buffer.byteLength(join('up-XXXXXX', '1234567.sock')) + 1
    const base = [tmpdir(), '/tmp'].find(folder => Buffer.byteLength(folder) + longest <= MAX_PATH_BYTES)
    if (base === undefined) {
      throw new OptionError(
        'TMPDIR',
        tmpdir(),
        `a folder of at most ${MAX_PATH_BYTES - longest} bytes, for UNIX sockets`
      )
    }
    this.path = mkdtempSync(join(base, 'up-'))
  }

  /** A path that no worker of this server had before. */
  nextSocket(): string {
    return join(this.path, `${this.#next++}.sock`)
  }

  /** Removes the socket that a worker left behind. */
  removeSocket(path: string): void {
    rmSync(path, { force: true })
  }

  /** Removes the folder; what another process put there stays, and the folder with it. */
  remove(): void {
    try {
      rmdirSync(this.path)
    } catch {
      // Already gone, or not empty.
    }
  }
}
