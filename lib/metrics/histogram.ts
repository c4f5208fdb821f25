import type { Sample } from './metric.js'

/** What a histogram consists of. */
export interface Distribution {
  /** How many in each: one for each of the bounds, and one for those beyond. */
  readonly buckets: readonly number[]
  readonly sum: number
}

/** A distribution as Prometheus has it: how many were as small as each bound, or smaller. */
export function histogramSamples(
  name: string,
  labels: Sample['labels'],
  bounds: readonly number[],
  { buckets, sum }: Distribution
): Sample[] {
  let count = 0
  const samples = buckets.map((inBucket, i) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: bounds[i] ?? '+Inf' },
    value: (count += inBucket)
  }))
  return [
    ...samples,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count }
  ]
}
