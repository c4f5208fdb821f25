import { existsSync, readFileSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { configError } from './config-error.js'

/** Where a configuration is. */
export interface ConfigPlace {
  /** Absolute. */
  readonly path: string
  /** What messages call it: `up.config.js`. */
  readonly label: string
  /** The member of a JSON file that it is; undefined: all of it. */
  readonly member?: string
}

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'] as const
const MEMBER = 'up'

/**
 * The configuration that was named on the command line.
 *
 * @throws {UpError} `UP_ERR_CONFIG`: it is none that can be read
 */
export function namedConfig(cwd: string, file: string): ConfigPlace {
  const path = resolve(cwd, file)
  const extensions: readonly string[] = EXTENSIONS
  if (!extensions.includes(extname(path)))
    throw configError(file, `is no configuration file: its name must end in ${EXTENSIONS.join(', ')}`)
  if (!existsSync(path)) throw configError(file, `is not there; a configuration file was expected at ${path}`)
  return { path, label: file }
}

/**
 * The configuration of a folder, if there is one: `up.config.*`, or `"up"` in package.json.
 *
 * @throws {UpError} `UP_ERR_CONFIG`: there is more than one
 */
export function findConfig(cwd: string): ConfigPlace | undefined {
  const found: ConfigPlace[] = EXTENSIONS.map(extension => `up.config${extension}`)
    .filter(label => existsSync(join(cwd, label)))
    .map(label => ({ path: join(cwd, label), label }))
  if (hasMember(join(cwd, 'package.json')))
    found.push({ path: join(cwd, 'package.json'), label: '"up" in package.json', member: MEMBER })
  const [first, second] = found
  if (first !== undefined && second !== undefined)
    throw configError(first.label, `is not the only configuration: there is ${second.label}, too`)
  return first
}

/** A package.json that cannot be read is not for us to complain of. */
function hasMember(path: string): boolean {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, MEMBER)
  } catch {
    return false
  }
}
