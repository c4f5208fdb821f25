import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { watch, type FSWatcher } from 'chokidar'
import { Debounce } from './debounce.js'
import { createFilter, EXTENSIONS, hasExtension, isInside, type Filter } from './filter.js'
import { NewFolders } from './new-folders.js'

export interface WatchOptions {
  /** The folder, with all below it but node_modules, .git and what .gitignore files name. */
  readonly folder: string
  /** Files to watch in any case, wherever they are; with their folder, where that is an ignored one. */
  readonly files?: readonly string[]
  /** Extensions, without the dot, that count besides those of {@link EXTENSIONS}. */
  readonly extensions?: readonly string[]
  /**
   * Files were added, changed, renamed or removed, and then it was quiet for 100 ms, after many changes
   * 500 ms, or they went on for 5 s. Gets the paths, as far as they are known. It is not called again while the
   * promise that it returns is pending; what changes meanwhile is reported next. It must not reject.
   */
  readonly onChange: (paths: readonly string[]) => void | Promise<void>
  /** Something cannot be watched, for instance as the system's limit is reached. The rest still is. */
  readonly onError: (error: Error) => void
}

/** Watches files until it is closed, and reports their changes in bursts. */
export class Watch {
  /** Resolves when all that exists is watched. */
  readonly ready: Promise<void>
  /** Wall clock, as that is what file times are on, with its fractions. */
  readonly #startedMs = performance.timeOrigin + performance.now()
  readonly #extensions: readonly string[]
  readonly #watcher: FSWatcher
  readonly #debounce: Debounce
  readonly #always = new Set<string>()
  readonly #folders: string[] = []
  readonly #filters: Filter[] = []
  readonly #newFolders: NewFolders
  #changed = new Set<string>()
  #isReady = false

  constructor(options: WatchOptions) {
    this.#extensions = [...EXTENSIONS, ...(options.extensions ?? [])]
    this.#debounce = new Debounce({
      quietMs: 100,
      busyQuietMs: 500,
      maxWaitMs: 5000,
      run: () => {
        const paths = [...this.#changed]
        this.#changed = new Set()
        return options.onChange(paths)
      }
    })
    // Links are not followed, as chokidar would go round in loops, hang on dangling ones and miss
    // that a link to a folder points elsewhere. What they point at is watched at its own place.
    this.#watcher = watch([], {
      followSymlinks: false,
      // Removals are reported at once: the burst joins them with what follows.
      atomic: false,
      ignored: (path, stats) => !this.#counts(resolve(path), stats)
    })
    this.#newFolders = new NewFolders(
      () => this.#watcher.getWatched(),
      path => {
        const stats = lstatSync(path, { throwIfNoEntry: false })
        if (stats !== undefined && this.#counts(path, stats)) this.#watcher.add(path)
      }
    )
    this.#watcher.on('error', error => options.onError(error as Error))
    this.#watcher.on('all', (event, path, stats) => this.#onEvent(event, path, stats))
    this.ready = new Promise<void>(done => this.#watcher.once('ready', done)).then(() => {
      this.#isReady = true
    })
    this.#followFolder(realpathSync(options.folder))
    for (const file of options.files ?? []) this.#followProgram(realpathSync(file))
  }

  async close(): Promise<void> {
    this.#debounce.close()
    this.#newFolders.close()
    await this.#watcher.close()
  }

  #counts(path: string, stats: Stats | undefined): boolean {
    return this.#always.has(path) || this.#filters.some(filter => filter(path, stats))
  }

  #onEvent(event: string, path: string, stats: Stats | undefined): void {
    if (stats?.isSymbolicLink() === true && !this.#followLink(path)) return
    // The first scan reports what has always been there; only what changed since then counts.
    if (!this.#isReady && event.startsWith('add') && (stats?.mtimeMs ?? 0) < this.#startedMs) return
    if (event === 'addDir') this.#newFolders.add(path)
    if (event === 'addDir' || event === 'unlinkDir') return
    this.#changed.add(path)
    this.#debounce.touch()
  }

  /** Says whether what the link points at can be part of a program. */
  #followLink(path: string): boolean {
    try {
      const target = realpathSync(path)
      const isFile = statSync(target).isFile()
      if (isFile && !hasExtension(path, this.#extensions) && !hasExtension(target, this.#extensions))
        return false
      this.#follow(target)
      return true
    } catch {
      // It dangles: it counts once it points at something.
      return false
    }
  }

  /** Watches a program that was named: in an ignored folder, such as what a compiler made, with all of it. */
  #followProgram(file: string): void {
    const folder = dirname(file)
    const isIgnored = !this.#counts(folder, statSync(folder))
    if (isIgnored && this.#folders.some(followed => isInside(folder, followed))) this.#followFolder(folder)
    this.#follow(file)
  }

  /** Watches a file, or a folder with all below it; `path` is a real one. */
  #follow(path: string): void {
    const stats = statSync(path)
    if (this.#counts(path, stats)) return
    if (stats.isDirectory()) {
      this.#followFolder(path)
    } else {
      // Its folder is watched for it, so that a file that is replaced or comes again is seen.
      this.#always.add(path).add(dirname(path))
      this.#watcher.add(dirname(path))
    }
  }

  #followFolder(path: string): void {
    // A link to a folder above would draw in everything beside the program.
    if (this.#folders.some(followed => isInside(followed, path))) return
    this.#folders.push(path)
    this.#filters.push(createFilter(path, this.#extensions))
    this.#watcher.add(path)
  }
}
