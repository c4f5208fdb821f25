import { fileURLToPath } from 'node:url'

/** A file of bench/hop that is not compiled. */
export function sourceFile(name: string): string {
  return fileURLToPath(new URL(`../../../bench/hop/${name}`, import.meta.url))
}
