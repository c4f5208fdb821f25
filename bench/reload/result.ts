import type { Latency } from '../common/latency.js'
import { isOurs, type MasterName } from './masters.js'
import type { PartResult } from './part.js'
import { makeTable } from './table.js'

/** Shown of each master. */
const MAX_PROBLEMS = 8

/** What was seen of one master in one part of the bench; times in milliseconds, memory in bytes. */
export interface Result {
  readonly name: MasterName
  /** In tables. */
  readonly master: string
  /** Requests during the reloads, uploads among them. */
  readonly requests: number
  readonly uploads: number
  readonly failed: number
  /** Connections that were closed or reset without notice; ab tells those apart that it noticed. */
  readonly broken: number
  /** Reloads, and how long half of them took at most. */
  readonly reloads: number
  readonly reloadP50: number
  readonly calm: Latency
  readonly reloading: Latency
  readonly peakWorkers: number
  readonly rssBefore: number
  readonly rssPeak: number
  readonly rssAfter: number
  readonly descriptorsBefore: number
  readonly descriptorsAfter: number
  /** The first few failures in words. */
  readonly problems: readonly string[]
}

export function reportOf(results: readonly Result[]): PartResult {
  return {
    results,
    table: makeTable(results),
    problems: results.flatMap(({ master, problems }) =>
      problems.slice(0, MAX_PROBLEMS).map(problem => `${master}: ${problem}`)
    ),
    bad: results.some(({ name, failed, broken }) => isOurs(name) && (failed > 0 || broken > 0))
  }
}
