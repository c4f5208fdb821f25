import { lstatSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { underLock } from './file-lock.js'

/** How long a live program may take to accept, in milliseconds: one that is stopped never does. */
const ANSWER_MS = 1000
/** What connecting fails with where there is nothing, nobody, or no socket. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']

/** Who is at a path. `stopped`: somebody listens, and does not answer. `dead`: nobody, or what one left that died. */
export type Presence = 'live' | 'stopped' | 'dead'

/** Whether somebody listens at a path. */
export function knock(path: string): Promise<Presence> {
  return new Promise(resolve => {
    const socket = connect(path)
    const timer = setTimeout(() => end('stopped'), ANSWER_MS)
    const end = (answer: Presence): void => {
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

/** Removes the socket of a program that died, but none that another has put there while this was found out. */
export async function sweep(path: string): Promise<Presence> {
  const found = identity(path)
  const answer = await knock(path)
  if (answer === 'dead' && found !== undefined) removeSocket(path, found)
  return answer
}

/** Tells a socket from any other at its path, before and after it; undefined: there is none. */
export function identity(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  // A number may be given anew; this time stays, however often the socket gets and loses names.
  return found?.isSocket() === true ? `${found.dev}:${found.ino}:${found.mtimeNs}` : undefined
}

/** Removes this very socket, if it is still there. Others who remove one meanwhile come before, or after. */
export function removeSocket(path: string, which: string): void {
  underLock(`${path}.lock`, () => {
    if (identity(path) === which) unlinkSync(path)
  })
}
