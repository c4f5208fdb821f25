import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import makeRules, { type Ignore } from 'ignore'

/** Whether a path at or below the folder is named by a .gitignore. */
export type GitIgnore = (path: string, isFolder: boolean) => boolean

/**
 * Reads the .gitignore files that hold for `folder`: its own, nested ones, and those above it up to
 * the repository's top. Each is read once, when it is first needed.
 */
export function gitIgnore(folder: string): GitIgnore {
  const read = new Map<string, Ignore | undefined>()
  const top = repositoryTop(folder)
  // Whoever works inside an ignored folder means it: then what is above does not count.
  const base = folder !== top && isIgnored(folder, true, top, read) ? folder : top
  return (path, isFolder) => isIgnored(path, isFolder, base, read)
}

/** As git has it: the deepest .gitignore with a word on the path decides. */
function isIgnored(
  path: string,
  isFolder: boolean,
  top: string,
  read: Map<string, Ignore | undefined>
): boolean {
  if (!path.startsWith(top === sep ? sep : top + sep)) return false
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const verdict = rulesOf(folder, read)?.test(relative(folder, path) + (isFolder ? '/' : ''))
    if (verdict?.ignored === true) return true
    if (verdict?.unignored === true || folder === top) return false
  }
}

function rulesOf(folder: string, read: Map<string, Ignore | undefined>): Ignore | undefined {
  if (!read.has(folder)) read.set(folder, readRules(join(folder, '.gitignore')))
  return read.get(folder)
}

function readRules(file: string): Ignore | undefined {
  try {
    // git compares names exactly where the file system does.
    return makeRules({ ignorecase: process.platform !== 'linux' }).add(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function repositoryTop(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) return folder
  }
}
