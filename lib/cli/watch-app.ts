import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { relative } from 'node:path'
import { Watch } from '../watch/watch.js'
import { count } from './format.js'
import type { Output } from './output.js'

export interface WatchAppOptions {
  /** The user's module, as an absolute path. */
  readonly file: string
  /** Files with the workers' environment, as absolute paths; those that are missing are not watched. */
  readonly envFiles: readonly string[]
  /** Extensions besides the usual ones. */
  readonly extensions: readonly string[]
  readonly out: Output
  /** @param why begins a sentence: "app.js changed" */
  readonly onChange: (why: string) => void | Promise<void>
}

/** Watches the working directory, the user's module, and the files with its environment. */
export function watchApp({ file, envFiles, extensions, out, onChange }: WatchAppOptions): Watch {
  const folder = process.cwd()
  const told = new Set<string>()
  const watch = new Watch({
    folder,
    // It may have been named without its extension.
    files: [createRequire(file).resolve(file), ...envFiles.filter(path => existsSync(path))],
    extensions,
    onChange: paths => onChange(describeChange(paths, folder)),
    onError: (error: NodeJS.ErrnoException) => {
      // A limit that is reached is reached again for every further file.
      const kind = error.code ?? error.message
      if (!told.has(kind)) out.error(`not everything is watched: ${error.message}`)
      told.add(kind)
    }
  })
  void watch.ready.then(() => out.info(`watching ${folder}`))
  return watch
}

function describeChange(paths: readonly string[], folder: string): string {
  const [first, ...more] = paths
  if (first === undefined) return 'files changed'
  return `${relative(folder, first)}${more.length === 0 ? '' : ` and ${count(more.length, 'other file')}`} changed`
}
