import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { percentile } from '../common/latency.js'
import type { Workshop } from '../common/workshop.js'
import type { Flags } from './flags.js'
import { Load } from './loads.js'
import type { FromSite, ToSite } from './site-protocol.js'

/** Times in milliseconds. */
export interface MigrationResult {
  readonly way: string
  /** What SQLite was driven by. */
  readonly driver: string
  readonly requests: number
  readonly failed: number
  readonly migrationMs: number
  /** From the command to its answer. */
  readonly deployMs: number
  readonly longestMs: number
  readonly calmP50: number
  /** Rows too many or too few, of those that were there and of those that clients were told of. */
  readonly wrongRows: number
  readonly problems: readonly string[]
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const START_MS = 60_000
const DEPLOY_MS = 120_000
const CALM_MS = 3000
/** Those that release 1 begins with. */
const FIRST_PEOPLE = 3

/** What is put in the place of what deploy.js does, so that nobody waits. */
const WITHOUT_PAUSE: readonly [string, string][] = [
  ["await srv.pause({ timeout: '10s', holdTimeout: '2m' })", '{ drained: true, remaining: 0 }'],
  ['await srv.resume()', '']
]

/** The example is brought from release 1 to release 2 under load. */
export async function runMigration(
  workshop: Workshop,
  flags: Flags,
  isPaused: boolean
): Promise<MigrationResult> {
  const folder = copyExample(workshop.newPath('site'))
  edit(folder, 'releases/1/up.sql', ') strict;', `) strict;\n${manyPeople(flags.people)}`)
  edit(
    folder,
    'deploy.js',
    "await migrate(release, 'up')",
    "const began = performance.now()\nawait migrate(release, 'up')\nconsole.log(`migrated in ${performance.now() - began}`)"
  )
  if (!isPaused) for (const [from, to] of WITHOUT_PAUSE) edit(folder, 'deploy.js', from, to)
  const site = workshop.fork<ToSite, FromSite>(new URL('./site.js', import.meta.url), [folder])
  const { port } = await site.await('listening', START_MS)
  const load = await Load.start(workshop, { port, rate: flags.rate, app: 'people' })
  await delay(CALM_MS)
  const deployed = await site.ask({ type: 'deploy', release: '2' }, DEPLOY_MS)
  if (deployed.status !== 200) throw new Error(`the deployment failed: ${deployed.said}`)
  await delay(CALM_MS)
  const records = await load.stop()
  const table = await countPeople(workshop, folder)
  await workshop.stop(site)
  const way = isPaused ? 'pause, migrate, reload, resume' : 'migrate, reload'
  const bad = records.filter(({ failure }) => failure !== undefined)
  const good = records.filter(({ failure }) => failure === undefined)
  const added = good.filter(({ method }) => method === 'POST').length
  const took = good.map(({ dueAt, endedAt }) => endedAt - dueAt)
  return {
    way,
    driver: table.driver,
    requests: records.length,
    failed: bad.length,
    migrationMs: deployed.migrationMs,
    deployMs: deployed.tookMs,
    longestMs: Math.max(...took),
    calmP50: percentile(took.slice(0, (flags.rate * CALM_MS) / 2000), 0.5),
    wrongRows: Math.abs(table.visitors - added) + Math.abs(table.others - flags.people - FIRST_PEOPLE),
    problems: bad
      .slice(0, 5)
      .map(({ id, method, failure = '' }) => `${way}: ${method} ${id}: ${failure.trim()}`)
  }
}

function copyExample(folder: string): string {
  const modules = join(folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  symlinkSync(ROOT, join(modules, 'up-server'))
  symlinkSync(join(ROOT, 'node_modules/better-sqlite3'), join(modules, 'better-sqlite3'))
  const filter = (path: string): boolean => basename(path) !== 'data'
  const copy = join(folder, 'migration')
  cpSync(join(ROOT, 'example/migration'), copy, { recursive: true, filter })
  return copy
}

function edit(folder: string, file: string, from: string, to: string): void {
  const path = join(folder, file)
  const content = readFileSync(path, 'utf8')
  if (!content.includes(from)) throw new Error(`${path} does not contain ${from}`)
  writeFileSync(path, content.replace(from, to))
}

function manyPeople(count: number): string {
  return `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})
insert into people (name) select 'Somebody Number' || i from n;`
}

interface People {
  readonly driver: string
  readonly visitors: number
  readonly others: number
}

async function countPeople(workshop: Workshop, folder: string): Promise<People> {
  const program = `
    process.env.DATA = ${JSON.stringify(join(folder, 'data'))}
    const { openDatabase } = await import(${JSON.stringify(pathToFileURL(join(folder, 'database.js')).href)})
    const db = await openDatabase()
    const counts = db.prepare(\`
      select sum(first = 'Visitor') as visitors, sum(first <> 'Visitor') as others from people
    \`).get()
    const driver = db.constructor.name === 'Database' ? 'better-sqlite3' : 'node:sqlite'
    console.log(JSON.stringify({ driver, ...counts }))`
  const args = ['--input-type=module', '-e', program]
  return JSON.parse(await workshop.run(process.execPath, args, START_MS)) as People
}
