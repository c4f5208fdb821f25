import { readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { UpError } from '../errors.js'
import { hasControlFolder } from './control-folder.js'

const SUFFIX = '.sock'
/** How long a live program may take to accept, in milliseconds: one that is stopped never does. */
const ANSWER_MS = 1000
/** The path of a UNIX socket may have so many bytes, on every system. */
const MAX_PATH = 103
/** What connecting fails with where there is nothing, nobody, or no socket. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']

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
  if (!isInstanceName(name))
    throw new UpError(
      'UP_ERR_CONTROL',
      `the name ${name} must have 1 to 64 letters, digits, '-', '_' and '.'`
    )
  assertFits(path)
  return path
}

export function isInstanceName(name: string): boolean {
  return /^[\w-][\w.-]{0,63}$/.test(name)
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
  const found = await Promise.all(
    socketsIn(folder).map(async file => {
      const path = join(folder, file)
      const answer = await knock(path)
      if (answer === 'dead') rmSync(path, { force: true })
      return answer === 'dead' ? [] : [{ name: file.slice(0, -SUFFIX.length), path }]
    })
  )
  return found.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * Whether somebody listens there. `stopped`: somebody does, and does not answer.
 *
 * @returns `dead`: there is nothing, or what is left of one that died
 */
export function knock(path: string): Promise<'live' | 'stopped' | 'dead'> {
  return new Promise(resolve => {
    const socket = connect(path)
    const timer = setTimeout(() => end('stopped'), ANSWER_MS)
    const end = (answer: 'live' | 'stopped' | 'dead'): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end('live'))
    // A full line, for one, belongs to somebody who is there.
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      end(NOBODY.includes(code) ? 'dead' : 'stopped')
    )
  })
}

function socketsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isSocket() && entry.name.endsWith(SUFFIX))
    .map(({ name }) => name)
}
