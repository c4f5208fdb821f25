import type { CandidateName } from './candidates.js'
import type { Figures } from './figures.js'

/** A row of a table is a candidate. */
export interface TableRow {
  readonly candidate: CandidateName
  readonly hasHop: boolean
  readonly figures: Figures
}

export interface Column {
  readonly head: string
  readonly cell: (row: TableRow, all: readonly TableRow[]) => string
}

const NONE = '–'

/** CPU time per request, message or the like, and how it compares. */
export function cpuColumns(unit: string, { micro = true } = {}): Column[] {
  const scale = micro ? 1 : 1000
  const symbol = micro ? 'µs' : 'ms'
  return [
    {
      head: `hop: CPU ${symbol} per ${unit}`,
      cell: ({ hasHop, figures }) => (hasHop ? decimal(figures.hopUs / scale) : NONE)
    },
    timesColumn('nginx', 'hopUs'),
    timesColumn('undici', 'hopUs'),
    { head: `workers: CPU ${symbol}`, cell: ({ figures }) => decimal(figures.workersUs / scale) }
  ]
}

/** The same of all processes but the clients', where some candidates have no hop to compare. */
export function allCpuColumns(others: readonly CandidateName[]): Column[] {
  return [
    { head: 'all: CPU µs', cell: ({ figures }) => decimal(figures.allUs) },
    ...others.map(other => ({
      head: `all ÷ ${other === 'bare' ? 'the app' : other}'s`,
      cell: ({ figures }: TableRow, all: readonly TableRow[]) => quotient(figures, other, 'allUs', all)
    }))
  ]
}

/** The quotient of a candidate's figure and another's, for who has a hop. */
export function timesColumn(other: CandidateName, key: 'hopUs' | 'perSecond'): Column {
  return {
    head: `÷ ${other}'s`,
    cell: ({ hasHop, figures }, all) => (hasHop ? quotient(figures, other, key, all) : NONE)
  }
}

export const LATENCY_COLUMNS: readonly Column[] = [
  { head: 'p50', cell: ({ figures }) => milliseconds(figures.p50) },
  { head: 'p99', cell: ({ figures }) => milliseconds(figures.p99) }
]

export const FAILED_COLUMN: Column = { head: 'failed', cell: ({ figures }) => count(figures.failed) }

export function perSecondColumn(head: string): Column {
  return { head, cell: ({ figures }) => count(figures.perSecond) }
}

export function decimal(value: number | undefined): string {
  return value === undefined ? NONE : value.toFixed(1)
}

export function milliseconds(value: number | undefined): string {
  return value === undefined ? NONE : `${value.toFixed(value < 10 ? 2 : 1)} ms`
}

export function count(value: number | undefined): string {
  return value === undefined ? NONE : Math.round(value).toLocaleString('en-US')
}

function quotient(
  figures: Figures,
  other: CandidateName,
  key: 'hopUs' | 'allUs' | 'perSecond',
  all: readonly TableRow[]
): string {
  const base = all.find(({ candidate }) => candidate === other)?.figures[key]
  return base === undefined ? NONE : (figures[key] / base).toFixed(2)
}
