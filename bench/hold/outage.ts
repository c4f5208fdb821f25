import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../common/latency.js'
import type { Workshop } from '../common/workshop.js'
import { Backend } from './backends.js'
import { startCandidate, type Candidate } from './candidates.js'
import { clock } from './clock.js'
import { SHARE_BEFORE, type Flags } from './flags.js'
import { Load } from './loads.js'
import { MemoryWatch } from './memory-watch.js'
import { orderOf, type Order } from './order.js'
import type { LoadRecord } from './protocol.js'

/** Of one candidate; times in milliseconds, memory in bytes. */
export interface OutageResult {
  readonly candidate: string
  readonly requests: number
  readonly succeeded: number
  /** POSTs that were sent before the backend was gone, had no answer at the kill, and got 502. */
  readonly lost: number
  /** All others that failed. */
  readonly failed: number
  readonly repeatedPosts: number
  readonly repeatedGets: number
  readonly awayMs: number
  readonly longestMs: number
  readonly calmP50: number
  /** From the backend's return until all that came before it was answered. */
  readonly recoveryMs: number
  /** Those that came while the backend was away: as up gave them to its connections. Undefined: not known. */
  readonly letGo: Order | undefined
  /** The same as the backend saw them. */
  readonly begun: Order
  readonly rssBefore: number
  readonly rssPeak: number
  readonly rssAfter: number
  readonly problems: readonly string[]
}

/** How long each answer takes: at 200 requests/s four are under way at the kill. */
const WORK_MS = 20
/** What is left of it is garbage and buffers. */
const SETTLE_MS = 2000

interface Times {
  readonly killedAt: number
  readonly goneAt: number
  readonly backAt: number
}

/** A backend is killed under load, stays away, and returns. Resolves with the reason if that cannot be shown. */
export async function runOutage(
  workshop: Workshop,
  flags: Flags,
  candidate: Candidate
): Promise<OutageResult | string> {
  const place = candidate.by === 'unix' ? workshop.newPath('backend.sock') : '0'
  const logs = [workshop.newPath('before.log'), workshop.newPath('after.log')]
  const [before, after] = logs
  const sent = workshop.newPath('sent.log')
  const first = await Backend.start(workshop, { place, log: before, workMs: WORK_MS })
  const started = await startCandidate(workshop, candidate, first.place, sent)
  if (typeof started === 'string') {
    await first.stop()
    return started
  }
  const { child, running } = started
  const memory = new MemoryWatch(running.hop)
  const load = await Load.start(workshop, { port: running.port, rate: flags.rate, app: 'echo' })
  const killAfterMs = flags.seconds * 1000 * SHARE_BEFORE
  await delay(killAfterMs)
  const killedAt = clock()
  await first.kill()
  const goneAt = clock()
  await delay(killedAt + flags.awayMs - clock())
  const second = await Backend.start(workshop, { place: first.place, log: after, workMs: WORK_MS })
  const backAt = clock()
  await delay(flags.seconds * 1000 - flags.awayMs - killAfterMs)
  const records = await load.stop()
  await delay(SETTLE_MS)
  memory.stop()
  const result = {
    candidate: `${candidate.label} (${running.version ?? ''})`,
    ...summarize(candidate, records, logs.map(readLog), readLog(sent), { killedAt, goneAt, backAt }),
    rssBefore: memory.before,
    rssPeak: memory.peak,
    rssAfter: memory.now
  }
  await Promise.all([workshop.stop(child), second.stop()])
  return result
}

/** The ids in the order in which they began to be processed. */
function readLog(path: string): number[] {
  return existsSync(path) ? readFileSync(path, 'latin1').split('\n').filter(Boolean).map(Number) : []
}

function problemsOf({ label }: Candidate, failed: readonly LoadRecord[]): string[] {
  return failed
    .slice(0, 5)
    .map(({ id, method, failure = '' }) => `${label}: ${method} ${id}: ${failure.replace(/\s+/g, ' ')}`)
}

function lastOf(ids: readonly number[]): number[] {
  return ids.filter((id, i) => ids.lastIndexOf(id) === i)
}

function summarize(
  candidate: Candidate,
  records: readonly LoadRecord[],
  logs: readonly number[][],
  sent: readonly number[],
  { killedAt, goneAt, backAt }: Times
): Omit<OutageResult, 'candidate' | 'rssBefore' | 'rssPeak' | 'rssAfter'> {
  const bad = records.filter(({ failure }) => failure !== undefined)
  const isLost = ({ method, sentAt, endedAt, status }: LoadRecord): boolean =>
    method === 'POST' && sentAt <= goneAt && endedAt >= killedAt && status === 502
  const failed = bad.filter(record => !isLost(record))
  const early = records.filter(({ failure, dueAt }) => failure === undefined && dueAt < backAt)
  const all = logs.flat()
  const repeated = all.filter((id, i) => all.indexOf(id) < i)
  const repeatedPosts = repeated.filter(id => records[id]?.method === 'POST').length
  const sentAt = (ids: readonly number[]): number[] => ids.map(id => records[id]?.sentAt ?? NaN)
  const whileAway = (times: readonly number[]): number[] => times.filter(at => at > goneAt && at < backAt)
  const took = (some: readonly LoadRecord[]): number[] => some.map(({ dueAt, endedAt }) => endedAt - dueAt)
  return {
    requests: records.length,
    succeeded: records.length - bad.length,
    lost: bad.length - failed.length,
    failed: failed.length,
    repeatedPosts,
    repeatedGets: repeated.length - repeatedPosts,
    awayMs: backAt - killedAt,
    longestMs: Math.max(...took(records.filter(({ failure }) => failure === undefined))),
    calmP50: percentile(took(records.filter(({ endedAt }) => endedAt < killedAt)), 0.5),
    recoveryMs: Math.max(0, ...early.map(({ endedAt }) => endedAt - backAt)),
    // One that was refused is sent again: the last time is the one that counts.
    letGo: sent.length === 0 ? undefined : orderOf(whileAway(sentAt(lastOf(sent)))),
    begun: orderOf(whileAway(sentAt(logs[1] ?? []))),
    problems: problemsOf(candidate, failed)
  }
}
