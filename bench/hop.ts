// `npm run bench`: what the hop costs, beside other proxies. See docs/performance.md.
import { existsSync } from 'node:fs'
import { MACHINE, runBench, writeResults } from './common/bench-run.js'
import { readArguments } from './common/read-arguments.js'
import { readFlags, USAGE } from './hop/flags.js'
import { TOOLS, type Row, type Tool } from './hop/row.js'
import { ROWS } from './hop/rows.js'
import { runRow, showRow, type RowResult } from './hop/run-row.js'
import type { Workshop } from './common/workshop.js'

/** The whole bench may take so long. */
const LIMIT_MS = 60 * 60_000

if (!existsSync('/proc/self/stat')) {
  console.error('the bench reads CPU times from /proc, which this system does not have')
  process.exit(1)
}
const flags = readArguments(readFlags, USAGE)
await runBench(LIMIT_MS, measure)

async function measure(workshop: Workshop): Promise<void> {
  const { rounds, seconds } = flags
  console.log(`${MACHINE}. Medians of ${rounds} rounds of ${seconds} s.\n`)
  const results: RowResult[] = []
  const notes = new Set<string>()
  for (const row of ROWS) {
    if (!flags.rows.includes(row.name)) continue
    const missing = await missingTool(workshop, row)
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
  writeResults(flags.json, { flags, rows: results })
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

async function missingTool(workshop: Workshop, { needs }: Row): Promise<Tool | undefined> {
  for (const tool of needs) if (!(await workshop.has(tool, '-V'))) return tool
  return undefined
}
