import { readFileSync } from 'node:fs'

/** The names in a list with commas, in the order of those that are known. Throws when one is not. */
export function asNames<T extends string>(flag: string, text: string, known: readonly T[]): readonly T[] {
  const wanted = text.split(',')
  const wrong = wanted.filter(name => !known.some(each => each === name))
  if (wrong.length > 0)
    throw new Error(`--${flag} names ${wrong.join(', ')}: expected of ${known.join(', ')}`)
  return known.filter(name => wanted.includes(name))
}

/** How many files a process may have open: Node has raised the soft limit to the hard one. */
export function openFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1')
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity)
}
