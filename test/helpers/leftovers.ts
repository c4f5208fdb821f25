import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { controlFolder } from '#lib/instances/control-folder.js'
import { listInstances } from '#lib/instances/instances.js'
import { until } from './wait.js'

/**
 * The temporary folder of this test file, and of every process that it starts. When the file's tests
 * are over, none of these processes may be left, and nothing in the folder.
 */
export const temporary = mkdtempSync(join(tmpdir(), 't-'))
process.env['TMPDIR'] = temporary
// Control sockets go there, too.
delete process.env['XDG_RUNTIME_DIR']
// Newer ones of npm and tsx have Node keep compiled code there; that is nothing of ours.
process.env['NODE_DISABLE_COMPILE_CACHE'] = '1'

/** How long what was told to end may take to be gone, in milliseconds. */
const GRACE_MS = 3000

after(async () => {
  try {
    await until(() => processes().length === 0, GRACE_MS).catch(() => {})
    // Those that were still ending would have been found alive.
    await sweepControlSockets()
    await until(() => leftovers().length === 0, GRACE_MS).catch(() => {})
    assert.deepEqual(leftovers(), [], 'something was left behind')
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
})

/** Processes and files that would not be there had everything been ended. */
export function leftovers(): string[] {
  return [...processes(), ...readdirSync(temporary)]
}

/** Processes that this test file started, directly or not; each with its command line. */
export function processes(): string[] {
  // Other systems have no list of processes that is as easily read.
  if (!existsSync('/proc/self/environ')) return []
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    // A guard has an environment of its own, and our folder among its arguments.
    if (command.includes(`up-guard ${temporary}`) || read(`/proc/${pid}/environ`).includes(temporary))
      found.push(`${pid} ${command}`)
  }
  return found
}

/**
 * What only SIGKILL leaves, which is how the helpers end what a test leaves running: the next `up`, or `up ls`, cleans
 * that away. Programs that end by themselves leave nothing: test/cli/control.test.ts.
 */
async function sweepControlSockets(): Promise<void> {
  const folder = controlFolder({})
  if (!existsSync(folder) || (await listInstances(folder)).length > 0) return
  if (readdirSync(folder).length === 0) rmdirSync(folder)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended meanwhile, or is not ours to read.
    return ''
  }
}
