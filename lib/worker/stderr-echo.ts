import type { Readable } from 'node:stream'

/** A worker that starts has its stderr held for so long at most, in milliseconds. */
const HOLD_MS = 1000
/** ... and up to so much of it, in bytes. */
const HOLD_MAX = 65_536

/** The stderr of one worker on its way to ours. */
export interface FollowedStderr {
  /** It is shown from now on as it comes, with what was held. */
  release(): void
  /** The worker failed: what was held is shown, unless it has just been shown for another one. */
  failed(): void
}

/**
 * Shows what the workers write to stderr. Workers that fail to start one after the other, or all at
 * once, mostly write the same; that is shown once, until one of them is ready or a reload begins.
 */
export class StderrEcho {
  #lastFailure: string | undefined

  /** What comes from now on is shown though it may be the same. */
  forget(): void {
    this.#lastFailure = undefined
  }

  /** @param write shows it */
  follow(stderr: Readable | null, write: (piece: Buffer) => void): FollowedStderr {
    let held: Buffer[] | undefined = []
    let size = 0
    const release = (): void => {
      clearTimeout(timer)
      const all = held
      held = undefined
      if (all !== undefined && size > 0) write(Buffer.concat(all))
    }
    const timer = setTimeout(release, HOLD_MS)
    stderr?.on('data', (piece: Buffer) => {
      if (held === undefined) {
        write(piece)
        return
      }
      held.push(piece)
      size += piece.length
      if (size > HOLD_MAX) release()
    })
    return {
      release,
      failed: () => {
        if (held !== undefined && size > 0) {
          // But for numbers: pids, times.
          const text = Buffer.concat(held).toString().replace(/\d+/g, '#')
          if (text === this.#lastFailure) held = undefined
          else this.#lastFailure = text
        }
        release()
      }
    }
  }
}
