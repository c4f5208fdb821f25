import type { CpuTimes } from './subject.js'

/** What one round of a row says of a candidate. */
export interface Figures {
  /** Requests, messages or transfers that were answered, and those that were not. */
  readonly done: number
  readonly failed: number
  /** CPU time for one of them, in microseconds. */
  readonly hopUs: number
  readonly workersUs: number
  /** Of all processes but the clients'. */
  readonly allUs: number
  readonly perSecond: number
  /** In milliseconds. */
  readonly p50?: number
  readonly p99?: number
  /** The same without the idle connections. */
  readonly p50Alone?: number
  readonly p99Alone?: number
  readonly hopUsAlone?: number
  /** Of who holds the clients' connections, in bytes: before the row's load, and at most. */
  readonly rssBefore?: number
  readonly rssPeak?: number
  readonly bytesPerConnection?: number
  /** Idle ones that were still open at the end. */
  readonly connections?: number
}

/** How rounds become one figure, where that is not the median. */
const REDUCE: Partial<Record<keyof Figures, (values: readonly number[]) => number>> = {
  done: values => values.reduce((sum, value) => sum + value, 0),
  failed: values => values.reduce((sum, value) => sum + value, 0),
  rssBefore: values => values[0] ?? NaN,
  rssPeak: values => Math.max(...values),
  connections: values => Math.min(...values)
}

/** The medians of the rounds; of some figures the sum, the first, the least or the most. */
export function summarize(rounds: readonly Figures[]): Figures {
  const keys = Object.keys(rounds[0] ?? {}) as (keyof Figures)[]
  const entries = keys.map(key => {
    const values = rounds.map(round => round[key] ?? NaN)
    return [key, (REDUCE[key] ?? median)(values)] as const
  })
  return Object.fromEntries(entries) as unknown as Figures
}

/** CPU time for each of what was done. */
export function cpuFigures(
  { hop, workers }: CpuTimes,
  done: number
): Pick<Figures, 'hopUs' | 'workersUs' | 'allUs'> {
  const [hopUs, workersUs] = [(hop * 1e6) / done, (workers * 1e6) / done]
  return { hopUs, workersUs, allUs: hopUs + workersUs }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return ((low ?? NaN) + (high ?? NaN)) / 2
}
