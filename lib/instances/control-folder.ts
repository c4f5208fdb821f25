import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { UpError } from '../errors.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the control sockets of this user's programs are by default. */
export function controlFolder(env: Environment): string {
  const own = env['XDG_RUNTIME_DIR'] ?? ''
  // The XDG Base Directory Specification: a relative one counts for nothing.
  return isAbsolute(own) ? join(own, 'up') : join(tmpdir(), `up-${userInfo().uid}`)
}

/**
 * Makes the folder, for this user alone.
 *
 * @throws {UpError} `UP_ERR_CONTROL`: somebody else's folder is there, others may look into it, or it can't be made
 */
export function openControlFolder(path: string): void {
  try {
    for (const folder of [dirname(path), path]) makeFolder(folder)
    assertPrivate(lstatSync(path))
  } catch (cause) {
    throw unusable(path, cause)
  }
}

/**
 * Looks whether the folder is there, and is this user's alone: what is in another's may be a trap.
 *
 * @throws {UpError} `UP_ERR_CONTROL`: as {@link openControlFolder}
 */
export function hasControlFolder(path: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined) assertPrivate(found)
    return found !== undefined
  } catch (cause) {
    throw unusable(path, cause)
  }
}

/** Not with `recursive`: below /proc, Node 20 would try for ever. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function assertPrivate(found: Stats): void {
  const mode = found.mode & 0o777
  if (!found.isDirectory()) throw new Error('it is no folder')
  if (found.uid !== userInfo().uid) throw new Error(`it belongs to the user ${found.uid}`)
  if ((mode & 0o077) !== 0) throw new Error(`its mode is ${mode.toString(8)}, but must be 700`)
}

function unusable(path: string, cause: unknown): UpError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = `the folder of control sockets, ${path}, can't be used: ${why}`
  return new UpError('UP_ERR_CONTROL', message, { cause })
}
