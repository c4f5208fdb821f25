/** In milliseconds. */
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
