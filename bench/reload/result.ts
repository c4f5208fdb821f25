import type { Latency } from '../common/latency.js'

/** What was seen of one master in one part of the bench; times in milliseconds, memory in bytes. */
export interface Result {
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
