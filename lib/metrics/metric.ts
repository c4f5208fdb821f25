/** One value of a metric. */
export interface Sample {
  /** Where it is not the metric's own: of a histogram. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A metric, whose values are read from `Source` when somebody asks for them: nothing is counted twice. */
export interface Metric<Source> {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly read: (source: Source) => readonly Sample[]
}

/** A value without labels. */
export function only(value: number): readonly Sample[] {
  return [{ labels: {}, value }]
}
