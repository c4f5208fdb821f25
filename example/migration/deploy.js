import { execFile } from 'node:child_process'
import { readlinkSync, renameSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { DATA } from './database.js'

/** Leads to the release that serves. */
export const CURRENT = join(DATA, 'current')

/** Goes over to a release; requests wait meanwhile. Rejects if that failed: then the old one serves on. */
export async function deploy(srv, release) {
  if (!/^\d+$/.test(release)) throw new Error(`no release: ${release}`)
  const { drained, remaining } = await srv.pause({ timeout: '10s', holdTimeout: '2m' })
  try {
    if (!drained) throw new Error(`${remaining} requests are still being answered`)
    await migrate(release, 'up')
    await switchTo(srv, release)
  } finally {
    // Where the new code is slow at first: resume({ rate: 500 }).
    await srv.resume()
  }
}

/** In a process of its own: SQLite's calls would block the master, which has to accept clients meanwhile. */
export async function migrate(release, direction) {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'migrate.js'), release, direction])
}

export function pointAt(release) {
  symlinkSync(join(import.meta.dirname, 'releases', release), `${CURRENT}.new`)
  renameSync(`${CURRENT}.new`, CURRENT)
}

async function switchTo(srv, release) {
  const old = basename(readlinkSync(CURRENT))
  pointAt(release)
  try {
    await srv.reload()
  } catch (error) {
    pointAt(old)
    await migrate(release, 'down')
    throw error
  }
}
