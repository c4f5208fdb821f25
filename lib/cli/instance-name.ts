import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { nameFrom } from '../instances/instances.js'

/** The name of the app's nearest package, else that of its file: what an instance is called unless somebody says. */
export function instanceName(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const name = packageName(join(folder, 'package.json'))
    if (name !== undefined) return nameFrom(name)
    if (dirname(folder) === folder) return nameFrom(basename(file).replace(/\.\w+$/, ''))
  }
}

function packageName(path: string): string | undefined {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown } | null
    return typeof found?.name === 'string' && found.name !== '' ? found.name : undefined
  } catch {
    // Whether it is to be there, and right, is Node's matter.
    return undefined
  }
}
