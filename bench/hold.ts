// `npm run bench:hold`: what clients notice while requests are held, and what holding them costs. See docs/hold.md.
import { MACHINE, runBench, writeResults } from './common/bench-run.js'
import { readArguments } from './common/read-arguments.js'
import { CANDIDATES, type Candidate } from './hold/candidates.js'
import { readFlags, USAGE, type Flags, type PartName } from './hold/flags.js'
import { runHeld, type HeldPlan, type HeldResult } from './hold/held.js'
import { runMigration, type MigrationResult } from './hold/migration.js'
import { runOutage, type OutageResult } from './hold/outage.js'
import { heldTable, migrationTable, outageTable, uploadsTable } from './hold/tables.js'
import type { Workshop } from './common/workshop.js'

interface Part {
  readonly title: string
  readonly table: string
  readonly results: readonly (OutageResult | HeldResult | MigrationResult)[]
  /** What up promised, and did not keep. */
  readonly broken: readonly string[]
}

/** The whole bench may take so long. */
const LIMIT_MS = 20 * 60_000
/** Of resident memory that 1,000 held uploads may cost. */
const MAX_UPLOADS_COST = 64 * 2 ** 20

const flags = readArguments(readFlags, USAGE)
const RUN: Readonly<Record<PartName, (workshop: Workshop, flags: Flags) => Promise<Part>>> = {
  outage,
  held,
  uploads,
  migration
}

await runBench(LIMIT_MS, measure)

async function measure(workshop: Workshop): Promise<void> {
  console.log(`${MACHINE}.\n`)
  const parts: Part[] = []
  for (const name of flags.parts) {
    const part = await RUN[name](workshop, flags)
    console.log(`### ${part.title}\n\n${part.table}\n`)
    for (const { problems } of part.results) for (const problem of problems) console.error(problem)
    parts.push(part)
  }
  const shown = parts.map(({ title, results, broken }) => ({ title, results, broken }))
  writeResults(flags.json, { flags, parts: shown })
  for (const broken of parts.flatMap(part => part.broken)) {
    console.error(broken)
    process.exitCode = 1
  }
}

async function outage(workshop: Workshop, flags: Flags): Promise<Part> {
  const results: OutageResult[] = []
  for (const name of flags.candidates) {
    const candidate: Candidate = CANDIDATES[name]
    const result = await runOutage(workshop, flags, candidate)
    if (typeof result === 'string') console.error(`${candidate.label} is left out: ${result}`)
    else results.push(result)
  }
  const ours = results.filter(({ candidate }) => candidate.startsWith('up'))
  return {
    title: `A backend is killed, stays away for ${flags.awayMs / 1000} s and returns, under ${flags.rate} requests/s`,
    table: outageTable(results),
    results,
    broken: [
      ...ours.filter(({ failed }) => failed > 0).map(result => `${result.candidate} failed a request`),
      ...ours
        .filter(({ repeatedPosts }) => repeatedPosts > 0)
        .map(result => `${result.candidate} repeated a POST`)
    ]
  }
}

async function held(workshop: Workshop, flags: Flags): Promise<Part> {
  const results = await runPlans(
    workshop,
    flags.held.map(connections => ({ connections, bodyBytes: 0 }))
  )
  return {
    title: 'Requests of browsers that are held at once, each on a connection of its own',
    table: heldTable(results),
    results,
    broken: results.filter(({ failed }) => failed > 0).map(() => 'up failed a request that it held')
  }
}

async function uploads(
  workshop: Workshop,
  { uploads: connections, uploadBytes: bodyBytes }: Flags
): Promise<Part> {
  const results = await runPlans(workshop, [{ connections, bodyBytes }])
  const cost = ({ rssPeakHolding, connected }: HeldResult): number => rssPeakHolding - connected.rss
  return {
    title: 'Uploads that are held at once, while their clients go on sending',
    table: uploadsTable(results),
    results,
    broken: [
      ...results.filter(({ failed }) => failed > 0).map(() => 'up failed an upload that it held'),
      ...results
        .filter(result => cost(result) > MAX_UPLOADS_COST)
        .map(() => 'held uploads cost more than 64 MB')
    ]
  }
}

async function runPlans(
  workshop: Workshop,
  plans: readonly Omit<HeldPlan, 'fastPath'>[]
): Promise<HeldResult[]> {
  const results: HeldResult[] = []
  for (const plan of plans)
    for (const fastPath of [true, false]) results.push(await runHeld(workshop, { ...plan, fastPath }))
  return results
}

async function migration(workshop: Workshop, flags: Flags): Promise<Part> {
  const results = [await runMigration(workshop, flags, true), await runMigration(workshop, flags, false)]
  const [ours] = results
  const people = flags.people.toLocaleString('en-US')
  return {
    title: `A table of ${people} rows is rebuilt (SQLite by ${ours?.driver ?? ''}), under ${flags.rate} requests/s`,
    table: migrationTable(results),
    results,
    broken:
      ours !== undefined && (ours.failed > 0 || ours.wrongRows > 0)
        ? ['the migration was seen by a client']
        : []
  }
}
