import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { asNames, openFilesLimit } from '../common/flag-values.js'
import { MASTER_NAMES, type MasterName } from './masters.js'

const PARTS = ['keep-alive', 'idle', 'ab', 'ab-k'] as const
export type PartName = (typeof PARTS)[number]

export interface Flags {
  readonly parts: readonly PartName[]
  /** Undefined: those that each part has by default. */
  readonly masters: readonly MasterName[] | undefined
  /** Reloads back to back. */
  readonly reloads: number
  /** In so many rounds, between which the masters take turns. */
  readonly rounds: number
  readonly connections: number
  readonly uploads: number
  /** How long each round of load without reloads takes, in milliseconds. */
  readonly calmMs: number
  /** Idle connections, and reloads over them. */
  readonly idle: number
  readonly idleReloads: number
  /** Of ab: requests in all, and how many at once. */
  readonly requests: number
  readonly concurrency: number
  readonly workers: number
  /** How long an old worker that is not up's may take to leave, in milliseconds. */
  readonly graceMs: number
  /** Where the results go as JSON. */
  readonly json: string
}

export const USAGE = `npm run bench:reload -- [flags]

  --parts NAMES     ${PARTS.join(',')} (all)
  --masters NAMES   ${MASTER_NAMES.join(',')}
                    (each part has its own: docs/performance.md)
  --reloads N       reloads back to back (50)
  --rounds N        in so many rounds (5)
  --connections N   keep-alive connections that send GETs (64)
  --uploads N       keep-alive connections that send POSTs (16)
  --calm MS         length of each round without reloads (2000)
  --idle N          idle keep-alive connections (10000)
  --idle-reloads N  reloads over them (10)
  --requests N      requests of each ab run (100000)
  --concurrency N   ab's connections (1000)
  --workers N       workers of each master (the CPUs)
  --grace MS        time that old workers have to leave, up's apart (5000)
  --json PATH       where the results go (bench/results/reload.json)
`

/** Each process may have so many files open beside the idle connections. */
const SPARE_DESCRIPTORS = 1000

/** Throws when an argument is wrong. */
export function readFlags(args: readonly string[]): Flags {
  const string = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      parts: string,
      masters: string,
      reloads: string,
      rounds: string,
      connections: string,
      uploads: string,
      calm: string,
      idle: string,
      'idle-reloads': string,
      requests: string,
      concurrency: string,
      workers: string,
      grace: string,
      json: string
    }
  })
  const whole = (
    name: Exclude<keyof typeof values, 'json' | 'parts' | 'masters'>,
    fallback: number,
    min = 1
  ): number => {
    const value = Number(values[name] ?? fallback)
    if (!Number.isSafeInteger(value) || value < min)
      throw new Error(`--${name} is ${values[name] ?? ''}: expected a whole number from ${min}`)
    return value
  }
  return {
    parts: asNames('parts', values.parts ?? PARTS.join(','), PARTS),
    masters: values.masters === undefined ? undefined : asNames('masters', values.masters, MASTER_NAMES),
    reloads: whole('reloads', 50),
    rounds: whole('rounds', 5),
    connections: whole('connections', 64),
    uploads: whole('uploads', 16, 0),
    calmMs: whole('calm', 2000),
    idle: atMostAllowed(whole('idle', 10_000)),
    idleReloads: whole('idle-reloads', 10),
    requests: whole('requests', 100_000),
    concurrency: whole('concurrency', 1000),
    workers: whole('workers', availableParallelism()),
    graceMs: whole('grace', 5000),
    json: values.json ?? 'bench/results/reload.json'
  }
}

function atMostAllowed(connections: number): number {
  const allowed = openFilesLimit() - SPARE_DESCRIPTORS
  if (connections <= allowed) return connections
  throw new Error(`--idle is ${connections}: expected ${allowed} at most, see ulimit -Hn`)
}
