import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { TestContext } from 'node:test'
import { Watch, type WatchOptions } from '#lib/watch/watch.js'
import { atEnd } from './cli-cleanup.js'
import { temporary } from './leftovers.js'

/** A temporary folder that is removed when the test ends. */
export function tempFolder(t: TestContext, files: Record<string, string> = {}): string {
  const folder = realpathSync(mkdtempSync(join(temporary, 'folder-')))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) write(folder, name, text)
  return folder
}

/** Writes a file, and the folders above it. */
export function write(folder: string, name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

/** A Watch that is ready, with its reports so far. */
export interface WatchedFolder {
  readonly folder: string
  /** Each report: sorted paths, relative to the folder. */
  readonly reports: string[][]
  /** The next report that no one has taken yet. */
  next(): Promise<string[]>
  /** Takes reports until all these paths came; what else they named comes with them. */
  all(...paths: string[]): Promise<string[]>
  readonly watch: Watch
}

export async function watchFolder(
  t: TestContext,
  folder: string,
  options: Partial<WatchOptions> = {}
): Promise<WatchedFolder> {
  const reports: string[][] = []
  let taken = 0
  let wake: () => void = () => {}
  const watch = new Watch({
    folder,
    onError: error => t.diagnostic(String(error)),
    ...options,
    onChange: paths => {
      reports.push(paths.map(path => relative(folder, path)).sort())
      wake()
      return options.onChange?.(paths)
    }
  })
  atEnd(t, () => watch.close())
  await watch.ready
  const next = async (): Promise<string[]> => {
    for (;;) {
      const report = reports[taken]
      if (report !== undefined) {
        taken++
        return report
      }
      await new Promise<void>(done => (wake = done))
    }
  }
  const all = async (...paths: string[]): Promise<string[]> => {
    const seen = new Set<string>()
    while (!paths.every(path => seen.has(path))) for (const path of await next()) seen.add(path)
    return [...seen].sort()
  }
  return { folder, reports, next, all, watch }
}
