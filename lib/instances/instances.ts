import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UpError } from '../errors.js'
import { hasControlFolder } from './control-folder.js'
import { sweep } from './live-socket.js'

const SUFFIX = '.sock'
/** The path of a UNIX socket may have so many bytes, on every system. */
const MAX_PATH = 103

/** A program of this user's, as its control socket tells. */
export interface Instance {
  readonly name: string
  readonly path: string
}

/**
 * The path of a name's control socket.
 *
 * @throws {UpError} `UP_ERR_CONTROL`: no such name can be
 */
export function socketPathOf(folder: string, name: string): string {
  const path = join(folder, name + SUFFIX)
  if (!isInstanceName(name)) throw new UpError('UP_ERR_CONTROL', `the name ${name} must have ${NAME_FORM}`)
  assertFits(path)
  return path
}

/** What a name has, in words. */
export const NAME_FORM = "1 to 64 letters, digits, '_', '-' and '.', the first of them neither '-' nor '.'"

export function isInstanceName(name: string): boolean {
  return /^\w[\w.-]{0,63}$/.test(name)
}

/** @throws {UpError} `UP_ERR_CONTROL` */
export function assertFits(path: string): void {
  const size = Buffer.byteLength(path)
  if (size > MAX_PATH)
    throw new UpError(
      'UP_ERR_CONTROL',
      `the control socket ${path} has ${size} bytes, at most ${MAX_PATH} can be`
    )
}

/** A name that any text can be made into. */
export function nameFrom(text: string): string {
  const name = text
    .replace(/^@/, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60)
  return name === '' ? 'app' : name
}

/**
 * The live ones, in the order of their names. What is left of those that died is cleaned away.
 *
 * @throws {UpError} `UP_ERR_CONTROL`: the folder is not this user's alone
 */
export async function listInstances(folder: string): Promise<Instance[]> {
  if (!hasControlFolder(folder)) return []
  const all = await Promise.all(
    socketsIn(folder).map(async instance => ((await sweep(instance.path)) === 'dead' ? [] : [instance]))
  )
  return all.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whatever else is in the folder is none of ours. */
function socketsIn(folder: string): Instance[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isSocket() && entry.name.endsWith(SUFFIX))
    .map(entry => ({ name: entry.name.slice(0, -SUFFIX.length), path: join(folder, entry.name) }))
    .filter(({ name }) => isInstanceName(name))
}
