import type { Stats } from 'node:fs'
import { relative, sep } from 'node:path'
import { gitIgnore } from './git-ignore.js'

/** Extensions of the files that make up a Node program. */
export const EXTENSIONS: readonly string[] = ['js', 'cjs', 'mjs', 'ts', 'cts', 'mts', 'json']

/** Whether a path counts; without stats only its name and place are judged. */
export type Filter = (path: string, stats?: Stats) => boolean

/**
 * Lets through `folder` and, below it, folders, links, and files with one of the extensions; not
 * node_modules, .git and what .gitignore files name.
 *
 * @param folder an absolute path
 * @param extensions without the leading dot
 */
export function createFilter(folder: string, extensions: readonly string[]): Filter {
  const ignored = gitIgnore(folder)
  return (path, stats) => {
    if (path === folder) return true
    if (!isInside(path, folder)) return false
    if (relative(folder, path).split(sep).some(isNeverWatched)) return false
    if (stats?.isFile() === true && !hasExtension(path, extensions)) return false
    return !ignored(path, stats?.isDirectory() ?? false)
  }
}

/** Whether a file's name ends with one of the extensions, which come without the dot. */
export function hasExtension(path: string, extensions: readonly string[]): boolean {
  return extensions.some(extension => path.endsWith(`.${extension}`))
}

/** Whether an absolute path is `folder` or below it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function isNeverWatched(name: string): boolean {
  return name === 'node_modules' || name === '.git'
}
