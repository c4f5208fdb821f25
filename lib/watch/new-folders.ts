import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const EVERY_MS = 200
const ROUNDS = 5

/**
 * Looks into new folders again for a second: chokidar first scans a folder and then watches it, and
 * misses what comes in between (its issues 1112 and 1471).
 */
export class NewFolders {
  readonly #found: (path: string) => void
  readonly #known: () => Record<string, readonly string[]>
  readonly #rounds = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param known names of what is watched already, by folder
   * @param found gets each path that is not
   */
  constructor(known: () => Record<string, readonly string[]>, found: (path: string) => void) {
    this.#known = known
    this.#found = found
  }

  add(folder: string): void {
    this.#rounds.set(folder, ROUNDS)
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#rounds.clear()
  }

  #look(): void {
    const known = this.#known()
    for (const [folder, rounds] of [...this.#rounds]) {
      if (rounds > 1) this.#rounds.set(folder, rounds - 1)
      else this.#rounds.delete(folder)
      const names = new Set(known[folder])
      for (const name of namesIn(folder)) if (!names.has(name)) this.#found(join(folder, name))
    }
    if (this.#rounds.size === 0) this.close()
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // It is gone again.
    return []
  }
}
