import { readdirSync, readFileSync } from 'node:fs'

/** `utime` and `stime` count in these on every Linux, whatever the kernel's own clock (USER_HZ). */
const TICKS_PER_SECOND = 100
/** Of /proc/<pid>/stat, counted from the state, which is the first behind the name; see proc(5). */
const PARENT = 1
const UTIME = 11
const STIME = 12

/** CPU time that all threads of the processes have had, user and system, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readStat(pid)
    return sum + (Number(stat[UTIME]) + Number(stat[STIME])) / TICKS_PER_SECOND
  }, 0)
}

/** The process and all that it started, directly or not. */
export function processTree(root: number): number[] {
  const parents = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        return [[Number(name), Number(readStat(Number(name))[PARENT])] as const]
      } catch {
        // It ended meanwhile.
        return []
      }
    })
  const tree = [root]
  for (const parent of tree) tree.push(...parents.filter(([, of]) => of === parent).map(([pid]) => pid))
  return tree
}

function readStat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name of the program stands in parentheses, and may have any characters in it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
