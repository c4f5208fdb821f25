import { parseArgs } from 'node:util'
import { asNames, openFilesLimit } from '../common/flag-values.js'
import { CANDIDATE_NAMES, type CandidateName } from './candidates.js'
import type { RowName } from './row.js'
import { ROW_NAMES } from './rows.js'

export interface Flags {
  readonly rounds: number
  /** Of load, per round and candidate. */
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly rows: readonly RowName[]
  readonly candidates: readonly CandidateName[]
  /** Idle connections of the row `idle`. */
  readonly idle: number
  /** Where the results go as JSON. */
  readonly json: string
}

export const USAGE = `npm run bench -- [flags]

  --rounds N          rounds, in which the candidates take turns (5; quick: 2)
  --seconds N         load per round and candidate (4; quick: 1)
  --rows NAMES        ${ROW_NAMES.join(',')} (all; quick: hello)
  --candidates NAMES  ${CANDIDATE_NAMES.join(',')} (all)
  --idle N            connections of the row idle (10000; quick: 1000)
  --quick             in less than a minute
  --json PATH         where the results go (bench/results/hop.json)
`

/** The system must allow these beside the connections of a row. */
const SPARE_DESCRIPTORS = 1000

/** Throws when an argument is wrong. */
export function readFlags(args: readonly string[]): Flags {
  const string = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: string,
      seconds: string,
      rows: string,
      candidates: string,
      idle: string,
      quick: { type: 'boolean' },
      json: string
    }
  })
  const quick = values.quick === true
  const whole = (name: 'rounds' | 'seconds' | 'idle', fallback: number): number => {
    const value = Number(values[name] ?? fallback)
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`--${name} is ${values[name] ?? ''}: expected a whole number from 1`)
    return value
  }
  return {
    rounds: whole('rounds', quick ? 2 : 5),
    seconds: whole('seconds', quick ? 1 : 4),
    warmUpSeconds: quick ? 1 : 2,
    rows: asNames('rows', values.rows ?? (quick ? 'hello' : ROW_NAMES.join(',')), ROW_NAMES),
    candidates: asNames('candidates', values.candidates ?? CANDIDATE_NAMES.join(','), CANDIDATE_NAMES),
    idle: atMostAllowed(whole('idle', quick ? 1000 : 10_000)),
    json: values.json ?? 'bench/results/hop.json'
  }
}

function atMostAllowed(connections: number): number {
  const allowed = openFilesLimit() - SPARE_DESCRIPTORS
  if (connections <= allowed) return connections
  console.error(`--idle is ${allowed} instead of ${connections}: see ulimit -Hn`)
  return allowed
}
