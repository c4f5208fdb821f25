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

export interface Latency {
  readonly p50: number
  readonly p99: number
}

/** The smallest of the values that at least the share `p` of them do not exceed; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] ?? NaN
}

export function latencyOf(values: readonly number[]): Latency {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) }
}
