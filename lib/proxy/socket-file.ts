import { statSync } from 'node:fs'

/** The file is looked at so often at most, in milliseconds. */
const LOOK_MS = 20

/** What stands where a UNIX socket was: the same, another one, or nothing. */
export type Sight = 'same' | 'other' | 'missing'

/**
 * The file of a UNIX socket. A server is known by the file that it bound, not by the path: when another file takes
 * its place, connections that stand still lead to the old one.
 */
export class SocketFile {
  readonly #path: string
  #lookedAt = -Infinity
  #known: string | undefined
  #sight: Sight = 'same'

  constructor(path: string) {
    this.#path = path
    this.#known = identify(path)
  }

  /** What stands there, compared with what stood there at the last look; at most {@link LOOK_MS} ago. */
  look(): Sight {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_MS) return this.#sight === 'missing' ? 'missing' : 'same'
    this.#lookedAt = now
    const found = identify(this.#path)
    if (found === undefined) return (this.#sight = 'missing')
    this.#sight = found === this.#known ? 'same' : 'other'
    this.#known = found
    return this.#sight
  }
}

/** An inode's number is used again soon; with the time of its birth it is not. */
function identify(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeMs } = statSync(path)
    return `${dev}:${ino}:${birthtimeMs}`
  } catch {
    // Where it cannot be seen it cannot be connected to either.
    return undefined
  }
}
