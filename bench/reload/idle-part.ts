import { setTimeout as delay } from 'node:timers/promises'
import { latencyOf, percentile, type Latency } from '../common/latency.js'
import { markdownTable } from '../common/markdown.js'
import { isOurs } from './masters.js'
import type { Bench, Part } from './part.js'
import type { FromIdle, IdleCount, ToIdle } from './protocol.js'
import type { Subject } from './subject.js'
import { bold, count, megabytes } from './table.js'

/** What became of idle connections under one master; times in milliseconds, memory in bytes. */
export interface IdleResult {
  readonly master: string
  readonly wanted: number
  readonly used: IdleCount
  readonly unused: IdleCount
  readonly reloadTimes: readonly number[]
  /** From a reload's beginning until no old worker was left; Infinity if one stayed. */
  readonly goneTimes: readonly number[]
  readonly latency: Latency
  readonly peakWorkers: number
  readonly rssBefore: number
  readonly rssPeak: number
  readonly problems: readonly string[]
}

const START_MS = 120_000
const USE_MS = 120_000
/** What accepting has left to do is done before the first reload. */
const SETTLE_MS = 1000

export const IDLE_PART: Part = {
  name: 'idle',
  title: ({ idle, idleReloads }) =>
    `${count(idle)} idle keep-alive connections, half of them never used yet, ${idleReloads} reloads`,
  masters: ['up-first', 'handoff-first', 'handoff-rolling', 'cluster'],
  needsAb: false,
  async run(subjects, bench) {
    const results: IdleResult[] = []
    let bad = false
    for (const subject of subjects) {
      const result = await measure(subject, bench)
      results.push(result)
      bad ||= isOurs(subject.name) && usableOf(result) < result.wanted
    }
    const problems = results.flatMap(({ master, problems }) => problems.map(text => `${master}: ${text}`))
    return { results, table: idleTable(results), problems, bad }
  }
}

async function measure(subject: Subject, { workshop, flags }: Bench): Promise<IdleResult> {
  const before = await subject.gauge()
  const program = new URL('./idle-process.js', import.meta.url)
  const client = workshop.fork<ToIdle, FromIdle>(program, [String(subject.port), String(flags.idle)])
  try {
    const { opened } = await client.await('ready', START_MS)
    console.error(`${subject.label}: ${count(opened)} connections are open`)
    await delay(SETTLE_MS)
    const reloadTimes: number[] = []
    const goneTimes: number[] = []
    for (let i = 0; i < flags.idleReloads; i++) {
      reloadTimes.push(await subject.reload())
      goneTimes.push(await subject.settle())
    }
    const { report } = await client.ask({ type: 'use' }, USE_MS)
    const after = await subject.gauge()
    return {
      master: subject.label,
      wanted: flags.idle,
      used: report.used,
      unused: report.unused,
      reloadTimes,
      goneTimes,
      latency: latencyOf([...report.latencies]),
      peakWorkers: after.peakWorkers,
      rssBefore: before.rss,
      rssPeak: after.peakRss,
      problems: report.problems
    }
  } finally {
    await workshop.stop(client)
  }
}

/** One column for each master. */
export function idleTable(results: readonly IdleResult[]): string {
  const rows: [string, (result: IdleResult) => string][] = [
    ['closed by the server: used once / never', ({ used, unused }) => pair(used.closed, unused.closed)],
    ['**still usable**', result => bold(usableOf(result))],
    ['the request at the end: p50 / p99', ({ latency }) => times(latency.p50, latency.p99)],
    ['a reload: median / longest', ({ reloadTimes }) => spread(reloadTimes)],
    ['until no old worker was left: median / longest', ({ goneTimes }) => spread(goneTimes)],
    ["workers' peak number", ({ peakWorkers }) => count(peakWorkers)],
    [
      "master's memory before / peak",
      ({ rssBefore, rssPeak }) => `${megabytes(rssBefore)} / ${megabytes(rssPeak)} MB`
    ]
  ]
  return markdownTable(
    ['', ...results.map(({ master }) => master)],
    rows.map(([name, cell]) => [name, ...results.map(cell)])
  )
}

function usableOf({ used, unused }: IdleResult): number {
  return used.usable + unused.usable
}

function spread(values: readonly number[]): string {
  return times(percentile(values, 0.5), Math.max(...values))
}

function times(first: number, second: number): string {
  const show = (ms: number): string => (Number.isFinite(ms) ? ms.toFixed(0) : '–')
  return `${show(first)} / ${show(second)} ms`
}

function pair(first: number, second: number): string {
  return `${count(first)} / ${count(second)}`
}
