import { setTimeout as delay } from 'node:timers/promises'
import { latencyOf, percentile } from '../common/latency.js'
import { MASTER_NAMES } from './masters.js'
import type { Bench, Part } from './part.js'
import type { FromLoad, LoadReport, Reading, ToLoad } from './protocol.js'
import { reportOf, type Result } from './result.js'
import type { Subject } from './subject.js'

const START_MS = 10_000
/** Longer than a client waits for an answer. */
const STOP_MS = 20_000
const WARM_UP_MS = 1000
/** Old workers leave, and memory settles, before it is measured. */
const SETTLE_MS = 1000

interface Seen {
  readonly calm: LoadReport[]
  readonly reloading: LoadReport[]
  readonly reloadTimes: number[]
  readonly readings: Reading[]
  before: Reading
}

/**
 * Keep-alive connections and uploads while one reload follows the other, and the same load without
 * reloads before and after. The masters take turns, so that a slow spell of the machine meets all.
 */
export const KEEP_ALIVE_PART: Part = {
  name: 'keep-alive',
  title: ({ connections, uploads, reloads }) =>
    `${connections} keep-alive connections and ${uploads} that upload, ${reloads} reloads back to back`,
  masters: MASTER_NAMES,
  needsAb: false,
  run: async (subjects, bench) => reportOf(await measure(subjects, bench))
}

async function measure(subjects: readonly Subject[], bench: Bench): Promise<Result[]> {
  const { flags } = bench
  const seen = new Map<Subject, Seen>()
  for (const subject of subjects) {
    await underLoad(subject, bench, () => delay(WARM_UP_MS))
    const before = await subject.gauge()
    seen.set(subject, { calm: [], reloading: [], reloadTimes: [], readings: [], before })
  }
  for (let round = 0; round < flags.rounds; round++) {
    for (const [subject, results] of seen) {
      results.calm.push(await underLoad(subject, bench, () => delay(flags.calmMs)))
      const reload = async (): Promise<void> => {
        const done = results.reloadTimes.length
        const due = Math.round((flags.reloads * (round + 1)) / flags.rounds)
        for (let i = done; i < due; i++) results.reloadTimes.push(await subject.reload())
      }
      console.error(`round ${round + 1}: ${subject.label} is under load`)
      results.reloading.push(await underLoad(subject, bench, reload))
      results.readings.push(await subject.gauge())
    }
  }
  for (const [subject, results] of seen) {
    results.calm.push(await underLoad(subject, bench, () => delay(flags.calmMs)))
    await delay(SETTLE_MS)
    results.readings.push(await subject.gauge())
  }
  return [...seen].map(([subject, results]) => summarize(subject, results))
}

/** Runs `work` while the clients of one load process are busy. */
async function underLoad(
  subject: Subject,
  { workshop, flags }: Bench,
  work: () => Promise<unknown>
): Promise<LoadReport> {
  const load = workshop.fork<ToLoad, FromLoad>(new URL('./load-process.js', import.meta.url))
  try {
    const { connections, uploads } = flags
    await load.ask({ type: 'start', port: subject.port, connections, uploads }, START_MS)
    await work()
    return (await load.ask({ type: 'stop' }, STOP_MS)).report
  } finally {
    await workshop.stop(load)
  }
}

function summarize(
  { name, label }: Subject,
  { calm, reloading, reloadTimes, readings, before }: Seen
): Result {
  const after = readings.at(-1) ?? before
  const reports = [...reloading, ...calm]
  const sum = (of: readonly LoadReport[], key: 'requests' | 'uploads' | 'failed' | 'broken'): number =>
    of.reduce((total, report) => total + report[key], 0)
  return {
    name,
    master: label,
    requests: sum(reloading, 'requests'),
    uploads: sum(reloading, 'uploads'),
    // Without reloads there must be none either.
    failed: sum(reports, 'failed'),
    broken: sum(reports, 'broken'),
    reloads: reloadTimes.length,
    reloadP50: percentile(reloadTimes, 0.5),
    calm: latencyOf(calm.flatMap(report => [...report.latencies])),
    reloading: latencyOf(reloading.flatMap(report => [...report.latencies])),
    peakWorkers: Math.max(...readings.map(reading => reading.peakWorkers)),
    rssBefore: before.rss,
    rssPeak: Math.max(...readings.map(reading => reading.peakRss)),
    rssAfter: after.rss,
    descriptorsBefore: before.descriptors,
    descriptorsAfter: after.descriptors,
    problems: reports.flatMap(report => report.problems).slice(0, 20)
  }
}
