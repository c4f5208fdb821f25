import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'

/** Names under which the CLI runs: as an installed command, from its folder, from its source. */
const PROGRAM = /^up(\.js|\.ts)?$/
/** What `process.title` makes of the command line of a master with a title. */
const TITLE = / (master|proxy)$/
/** Ticks a second in /proc: the same on every Linux, whatever the kernel counts by itself. */
const TICKS = 100
/** File times and process times come from different clocks. */
const TOLERANCE_S = 5

/**
 * Whether a pid is a live `up` that can have written the file. Where there is no /proc, any live
 * process is taken for one.
 */
export function isLiveUp(pid: number, file: string): boolean {
  if (!isAlive(pid)) return false
  const command = readText(`/proc/${pid}/cmdline`)
  if (command === undefined) return true
  const words = command.split('\0').filter(word => word !== '')
  const looksLikeUp = words.some(word => PROGRAM.test(basename(word))) || TITLE.test(words.join(' '))
  return looksLikeUp && !startedAfter(pid, file)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Alive, but another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** A process that is younger than the file has only been given a pid that was used before. */
function startedAfter(pid: number, file: string): boolean {
  // The name, in brackets, may itself hold spaces and brackets; the start is the 22nd field (proc(5)).
  const stat = readText(`/proc/${pid}/stat`)
  const startTicks = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const uptimeS = Number(readText('/proc/uptime')?.split(' ')[0])
  const processAgeS = uptimeS - startTicks / TICKS
  // A file that is gone meanwhile is nobody's.
  const fileAgeS = (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity)) / 1000
  // A container may show an uptime of its own, which makes an age that cannot be.
  return processAgeS >= 0 && processAgeS + TOLERANCE_S < fileAgeS
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
