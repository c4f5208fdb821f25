import { lstatSync, readlinkSync, stat, watch, type FSWatcher } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** One name on the way to the file, and the watch over the folder in which it stands. */
interface Step {
  readonly folder: string
  readonly name: string
  /** undefined: the folder cannot be watched. */
  watcher: FSWatcher | undefined
}

/** As many as Linux follows. */
const MAX_LINKS = 40
/** The path leads nowhere. Any other failure, such as EACCES or EIO, says nothing about the file. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

/**
 * Tells whether a file exists, and each time when that changes. Whatever exists counts: a file, a folder, a
 * socket, but not a link that leads nowhere.
 *
 * Each folder on the way is watched for the one name that matters in it, from the root, and through links: so
 * it shows when a folder is renamed, appears, or is replaced, and when a link is switched. What watching cannot
 * see (file systems of other machines, mounts, permissions, or more watches than the system gives) a slow poll
 * finds. Where nobody can tell, the last answer holds; before there was one, the file is absent.
 */
export class HoldFile {
  readonly #path: string
  readonly #onChange: (present: boolean) => void
  readonly #poll: NodeJS.Timeout
  readonly #steps: Step[] = []
  /** How many of the steps are still on the way, while it is gone again. */
  #reached = 0
  #present = false
  /** Not all of the way is watched. */
  #blind = false
  #asking = false
  #closed = false

  /**
   * @param pollMs how often the poll looks, in milliseconds
   * @param onChange gets each change, and nothing but changes; not before the constructor has returned
   */
  constructor(path: string, pollMs: number, onChange: (present: boolean) => void) {
    this.#path = resolve(path)
    this.#onChange = onChange
    this.#present = this.#follow() ?? false
    this.#poll = setInterval(() => this.#ask(), pollMs).unref()
  }

  get present(): boolean {
    return this.#present
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#poll)
    this.#dropFrom(0)
  }

  /** Looks by the ordinary way of stat, which waits elsewhere should the file system hang. */
  #ask(): void {
    if (this.#asking) return
    this.#asking = true
    stat(this.#path, error => {
      this.#asking = false
      if (this.#closed) return
      const present = error === null || (isAbsent(error) ? false : this.#present)
      // Watching has missed it: so none of the watches can be relied upon.
      if (present !== this.#present) this.#dropFrom(0)
      else if (!this.#blind) return
      this.#look()
    })
  }

  #look(): void {
    const present = this.#follow() ?? this.#present
    if (present === this.#present) return
    this.#present = present
    this.#onChange(present)
  }

  /** @returns whether it is there; undefined: that cannot be told */
  #follow(): boolean | undefined {
    this.#reached = 0
    const present = this.#walk()
    this.#dropFrom(this.#reached)
    this.#blind = present === undefined || this.#steps.some(({ watcher }) => watcher === undefined)
    return present
  }

  /** Goes the way as the system does, and watches each folder before it looks into it: so nothing is missed. */
  #walk(): boolean | undefined {
    const names = this.#path.split('/')
    let folder = '/'
    let links = 0
    try {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        if (name === '' || name === '.') continue
        if (name === '..') {
          // No link is left in the folder's path, so this is where the system goes, too.
          folder = dirname(folder)
          continue
        }
        this.#watchNext(folder, name)
        const path = join(folder, name)
        if (lstatSync(path).isSymbolicLink()) {
          const target = readlinkSync(path)
          if (++links > MAX_LINKS) return false
          if (target.startsWith('/')) folder = '/'
          names.unshift(...target.split('/'))
        } else {
          folder = path
        }
      }
      return true
    } catch (error) {
      return isAbsent(error) ? false : undefined
    }
  }

  #watchNext(folder: string, name: string): void {
    const at = this.#reached++
    const known = this.#steps[at]
    if (known?.folder === folder && known.name === name) {
      // What happened behind a step that was not watched, nobody knows.
      if (known.watcher === undefined && this.#watch(known)) this.#dropFrom(at + 1)
      return
    }
    this.#dropFrom(at)
    const step: Step = { folder, name, watcher: undefined }
    this.#steps.push(step)
    this.#watch(step)
  }

  #watch(step: Step): boolean {
    try {
      // A change of what stands in a file, or of its times, is none of whether it exists.
      step.watcher = watch(step.folder, { persistent: false }, (event, name) => {
        if (event === 'rename' && (name === step.name || name === null)) this.#onEvent(step)
      })
    } catch {
      // ENOSPC, EMFILE, or a folder that only the poll may go through.
      return false
    }
    step.watcher.on('error', () => {
      step.watcher?.close()
      step.watcher = undefined
      this.#blind = true
    })
    return true
  }

  #onEvent(step: Step): void {
    const at = this.#steps.indexOf(step)
    if (at === -1) return
    // What lies behind may be another folder now, by the same path, and even with the same inode number.
    this.#dropFrom(at + 1)
    this.#look()
  }

  #dropFrom(at: number): void {
    for (const { watcher } of this.#steps.splice(at)) watcher?.close()
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ABSENT.has(String(error.code))
}
