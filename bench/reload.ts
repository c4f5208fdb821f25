// `npm run bench:reload`: what clients notice of reloads under load. See docs/performance.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { hasAb } from './common/ab.js'
import { readArguments } from './common/read-arguments.js'
import { runAbPart } from './reload/ab-run.js'
import { readFlags, USAGE, type Flags } from './reload/flags.js'
import { runKeepAlive } from './reload/keep-alive-run.js'
import type { Result } from './reload/result.js'
import { Subject } from './reload/subject.js'
import { makeTable } from './reload/table.js'

interface Part {
  readonly title: string
  readonly results: readonly Result[]
}

/** The whole bench may take so long. */
const LIMIT_MS = 20 * 60_000

const flags = readArguments(readFlags, USAGE)
setTimeout(() => {
  console.error(`the bench did not end within ${LIMIT_MS / 60_000} minutes`)
  process.exit(1)
}, LIMIT_MS).unref()

const machine = `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`
console.log(`${machine}; ${flags.workers} workers\n`)
const parts = await measure(flags)
mkdirSync(dirname(flags.json), { recursive: true })
writeFileSync(flags.json, JSON.stringify({ date: new Date().toISOString(), machine, flags, parts }, null, 2))
console.log(`written to ${flags.json}`)
if (parts.some(({ results }) => results.some(isBad))) {
  console.error('up failed a request or broke a connection')
  process.exitCode = 1
}

async function measure({ connections, uploads, requests, concurrency }: Flags): Promise<Part[]> {
  const parts: Part[] = []
  const subjects: Subject[] = []
  try {
    for (const strategy of flags.strategies) subjects.push(await Subject.startUp(flags, strategy))
    subjects.push(await Subject.startCluster(flags))
    const title = `${connections} keep-alive connections and ${uploads} that upload, reloads back to back`
    parts.push(show({ title, results: await runKeepAlive(subjects, flags) }))
    if (requests > 0 && !(await hasAb())) {
      console.log('ab is not installed (Debian: apt install apache2-utils), so its part is left out.\n')
    } else if (requests > 0) {
      for (const keepAlive of [false, true]) {
        const command = `ab ${keepAlive ? '-k ' : ''}-n ${requests} -c ${concurrency}`
        const results = await runAbPart(subjects, flags, keepAlive)
        parts.push(show({ title: `\`${command}\`, a reload a second`, results }))
      }
    }
  } finally {
    await Promise.all(subjects.map(subject => subject.stop()))
  }
  return parts
}

function show(part: Part): Part {
  console.log(`### ${part.title}\n\n${makeTable(part.results)}\n`)
  for (const { master, problems } of part.results) {
    for (const problem of problems.slice(0, 8)) console.log(`${master}: ${problem}`)
    if (problems.length > 0) console.log()
  }
  return part
}

/** Node:cluster is there for comparison; the figures of times and memory are for reading only. */
function isBad({ master, failed, broken }: Result): boolean {
  return master.startsWith('up') && (failed > 0 || broken > 0)
}
