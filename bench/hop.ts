// `npm run bench`: what the hop costs, beside other proxies. See docs/performance.md.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { constants, cpus } from 'node:os'
import { dirname } from 'node:path'
import { readArguments } from './common/read-arguments.js'
import { readFlags, USAGE, type Flags } from './hop/flags.js'
import { TOOLS, type Row, type Tool } from './hop/row.js'
import { ROWS } from './hop/rows.js'
import { runRow, showRow, type RowResult } from './hop/run-row.js'
import { Workshop } from './common/workshop.js'

/** The whole bench may take so long. */
const LIMIT_MS = 60 * 60_000

if (!existsSync('/proc/self/stat')) {
  console.error('the bench reads CPU times from /proc, which this system does not have')
  process.exit(1)
}
const flags = readArguments(readFlags, USAGE)
const workshop = new Workshop()
let leaving = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void leave(128 + constants.signals[signal], `ended by ${signal}`))
setTimeout(() => void leave(1, `not done after ${LIMIT_MS / 60_000} minutes`), LIMIT_MS).unref()

try {
  await measure(flags)
} catch (error) {
  // A bench that is told to leave fails all over.
  if (!leaving) console.error(error)
  process.exitCode = 1
}
if (!leaving) await workshop.end()

/** The tables go to stdout as Markdown, and nothing else; what happens meanwhile goes to stderr. */
async function measure(flags: Flags): Promise<void> {
  const machine = `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`
  const { rounds, seconds } = flags
  console.log(`${machine}. Medians of ${rounds} rounds of ${seconds} s.\n`)
  const results: RowResult[] = []
  const notes = new Set<string>()
  for (const row of ROWS) {
    if (!flags.rows.includes(row.name)) continue
    const missing = await missingTool(row)
    if (missing !== undefined) {
      notes.add(
        `the row ${row.name} is left out: ${missing} is not installed (Debian: apt install ${TOOLS[missing]})`
      )
      continue
    }
    const result = await runRow(row, { workshop, flags })
    console.log(showRow(row, result))
    results.push(result)
    for (const note of result.notes) notes.add(note)
  }
  if (notes.size > 0) console.log([...notes].map(note => `- ${note}\n`).join(''))
  mkdirSync(dirname(flags.json), { recursive: true })
  const date = new Date().toISOString()
  writeFileSync(flags.json, JSON.stringify({ date, machine, flags, rows: results }, null, 2))
  console.error(`written to ${flags.json}`)
  const failed = results.flatMap(row =>
    row.results.filter(result => isBad(result.candidate, result.figures.failed))
  )
  if (failed.length === 0) return
  console.error('up failed a request or broke a connection')
  process.exitCode = 1
}

/** The others are there for comparison; figures of time and memory are for reading only. */
function isBad(candidate: string, failed: number): boolean {
  return candidate.startsWith('up') && failed > 0
}

async function missingTool({ needs }: Row): Promise<Tool | undefined> {
  for (const tool of needs) if (!(await workshop.has(tool, '-V'))) return tool
  return undefined
}

async function leave(code: number, why: string): Promise<void> {
  if (leaving) return
  leaving = true
  console.error(why)
  await workshop.end()
  process.exit(code)
}
