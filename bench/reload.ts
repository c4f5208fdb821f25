// `npm run bench:reload`: what clients notice of reloads under load. See docs/performance.md.
import { MACHINE, runBench, writeResults } from './common/bench-run.js'
import { hasAb } from './common/ab.js'
import { readArguments } from './common/read-arguments.js'
import type { Workshop } from './common/workshop.js'
import { AB_PARTS } from './reload/ab-parts.js'
import { readFlags, USAGE } from './reload/flags.js'
import { IDLE_PART } from './reload/idle-part.js'
import { KEEP_ALIVE_PART } from './reload/keep-alive-part.js'
import type { Part, PartResult } from './reload/part.js'
import { Subject } from './reload/subject.js'

const PARTS: readonly Part[] = [KEEP_ALIVE_PART, IDLE_PART, ...AB_PARTS]
/** The whole bench may take so long. */
const LIMIT_MS = 30 * 60_000

const flags = readArguments(readFlags, USAGE)
await runBench(LIMIT_MS, measure)

async function measure(workshop: Workshop): Promise<void> {
  console.log(`${MACHINE}; ${flags.workers} workers.\n`)
  const done: { title: string; result: PartResult }[] = []
  const notes = new Set<string>()
  for (const part of PARTS) {
    if (!flags.parts.includes(part.name)) continue
    if (part.needsAb && !(await hasAb())) {
      notes.add('ab is not installed (Debian: apt install apache2-utils), so its parts are left out')
      continue
    }
    const title = part.title(flags)
    console.error(title)
    const result = await runPart(part, notes, workshop)
    console.log(`### ${title}\n\n${result.table}\n`)
    for (const problem of result.problems) console.error(problem)
    done.push({ title, result })
  }
  if (notes.size > 0) console.log([...notes].map(note => `- ${note}\n`).join(''))
  const parts = done.map(({ title, result }) => ({ title, results: result.results }))
  writeResults(flags.json, { flags, parts })
  if (!done.some(({ result }) => result.bad)) return
  console.error('up failed a request or broke a connection')
  process.exitCode = 1
}

/** Each part has masters of its own: what one leaves behind is not the next one's. */
async function runPart(part: Part, notes: Set<string>, workshop: Workshop): Promise<PartResult> {
  const subjects: Subject[] = []
  for (const name of flags.masters ?? part.masters) {
    const subject = await Subject.start(workshop, name, flags)
    if (typeof subject === 'string') notes.add(`${name} is left out: ${subject}`)
    else subjects.push(subject)
  }
  const result = await part.run(subjects, { workshop, flags })
  await Promise.all(subjects.map(subject => subject.stop()))
  return result
}
