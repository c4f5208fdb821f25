import { setTimeout as delay } from 'node:timers/promises'
import { runAb, type AbReport } from '../common/ab.js'
import { percentile } from '../common/latency.js'
import type { Bench, Part } from './part.js'
import { reportOf, type Result } from './result.js'
import type { Subject } from './subject.js'

const EVERY_MS = 1000
const SETTLE_MS = 1000

export const AB_PARTS: readonly Part[] = [abPart('ab', false), abPart('ab-k', true)]

/** ab with a reload a second, and the same without reloads before it. */
function abPart(name: 'ab' | 'ab-k', keepAlive: boolean): Part {
  return {
    name,
    title: ({ requests, concurrency }) =>
      `\`ab ${keepAlive ? '-k ' : ''}-n ${requests} -c ${concurrency}\`, a reload a second`,
    masters: ['up-first', 'up-rolling', 'handoff-first', 'cluster'],
    needsAb: true,
    run: async (subjects, bench) => reportOf(await measure(subjects, bench, keepAlive))
  }
}

async function measure(
  subjects: readonly Subject[],
  { workshop, flags: { requests, concurrency } }: Bench,
  keepAlive: boolean
): Promise<Result[]> {
  const ab = ({ port }: Subject): Promise<AbReport> =>
    runAb({ port, requests, concurrency, keepAlive }, workshop.signal)
  const results: Result[] = []
  for (const subject of subjects) {
    const calm = await ab(subject)
    const before = await subject.gauge()
    const times: number[] = []
    const report = await whileReloading(subject, times, ab(subject))
    const during = await subject.gauge()
    await delay(SETTLE_MS)
    const after = await subject.gauge()
    results.push({
      name: subject.name,
      master: subject.label,
      requests: report.requests,
      uploads: 0,
      failed: report.failed + calm.failed,
      broken: report.broken + calm.broken,
      reloads: times.length,
      reloadP50: percentile(times, 0.5),
      calm: calm.latency,
      reloading: report.latency,
      peakWorkers: during.peakWorkers,
      rssBefore: before.rss,
      rssPeak: during.peakRss,
      rssAfter: after.rss,
      descriptorsBefore: before.descriptors,
      descriptorsAfter: after.descriptors,
      problems: [...calm.problems, ...report.problems]
    })
  }
  return results
}

/** Begins a reload each second until the report is there; one that takes longer delays the next. */
async function whileReloading(
  subject: Subject,
  times: number[],
  running: Promise<AbReport>
): Promise<AbReport> {
  let over = false
  const reloads = (async () => {
    for (;;) {
      const next = performance.now() + EVERY_MS
      times.push(await subject.reload())
      await Promise.race([delay(Math.max(0, next - performance.now())), running.catch(() => {})])
      if (over) return
    }
  })()
  try {
    return await running
  } finally {
    over = true
    await reloads
  }
}
