import type { Row } from './check-rows.js'

/** The units in which a time is a whole number, the longest first; in milliseconds. */
const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000]
] as const

/** A table for people. */
export function textOf(rows: readonly Row[]): string {
  const cells = rows.map(row => [row.name, describe(row), row.from] as const)
  const width = (i: 0 | 1): number => Math.max(...cells.map(cell => cell[i].length), 0)
  const [first, second] = [width(0), Math.min(width(1), 40)]
  return cells
    .map(([name, value, from]) => `${name.padEnd(first)}  ${value.padEnd(second)}  ${from}\n`)
    .join('')
}

function describe({ value, isTime }: Row): string {
  if (isTime && typeof value === 'number') return describeTime(value)
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return '-'
  if (Array.isArray(value)) return value.map(describeOne).join(' ')
  return describeOne(value)
}

function describeOne(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function describeTime(ms: number): string {
  const [unit, size] = UNITS.find(([, milliseconds]) => ms % milliseconds === 0) ?? ['ms', 1]
  return ms === 0 ? '0' : `${ms / size}${unit}`
}
