import { mkdirSync, writeFileSync } from 'node:fs'
import { constants, cpus } from 'node:os'
import { dirname } from 'node:path'
import { Workshop } from './workshop.js'

/** The machine and its Node, in a line. */
export const MACHINE = `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`

/**
 * Runs a bench to its end, and leaves nothing behind: neither when it fails, nor when a signal or the limit ends it.
 * The tables go to stdout as Markdown, and nothing else; what happens meanwhile goes to stderr.
 *
 * @param limitMs the whole bench may take so long, in milliseconds
 */
export async function runBench(
  limitMs: number,
  measure: (workshop: Workshop) => Promise<void>
): Promise<void> {
  const workshop = new Workshop()
  let leaving = false
  const leave = async (code: number, why: string): Promise<void> => {
    if (leaving) return
    leaving = true
    console.error(why)
    await workshop.end()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void leave(128 + constants.signals[signal], `ended by ${signal}`))
  setTimeout(() => void leave(1, `not done after ${limitMs / 60_000} minutes`), limitMs).unref()
  try {
    await measure(workshop)
  } catch (error) {
    // A bench that is told to leave fails all over.
    if (!leaving) console.error(error)
    process.exitCode = 1
  }
  if (!leaving) await workshop.end()
}

/** Keeps what was measured for programs. */
export function writeResults(path: string, results: object): void {
  mkdirSync(dirname(path), { recursive: true })
  const all = { date: new Date().toISOString(), machine: MACHINE, ...results }
  writeFileSync(path, JSON.stringify(all, null, 2))
  console.error(`written to ${path}`)
}
