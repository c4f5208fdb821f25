import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Strategy } from 'up-server'

export interface Flags {
  /** Reloads back to back. */
  readonly reloads: number
  /** In so many rounds, between which the masters take turns. */
  readonly rounds: number
  readonly connections: number
  readonly uploads: number
  /** How long each round of load without reloads takes, in milliseconds. */
  readonly calmMs: number
  /** Of ab: requests in all, and how many at once. */
  readonly requests: number
  readonly concurrency: number
  readonly workers: number
  /** Up is measured once with each. */
  readonly strategies: readonly Strategy[]
  /** How long an old worker of node:cluster may take to leave, in milliseconds. */
  readonly graceMs: number
  /** Where the results go as JSON. */
  readonly json: string
}

export const USAGE = `npm run bench:reload -- [flags]

  --reloads N      reloads back to back (50)
  --rounds N       in so many rounds (5)
  --connections N  keep-alive connections that send GETs (64)
  --uploads N      keep-alive connections that send POSTs (16)
  --calm MS        length of each round without reloads (2000)
  --requests N     requests of each ab run (100000); 0 leaves ab out
  --concurrency N  ab's connections (1000)
  --strategies S   of up, one column each: first, all, rolling (first,rolling)
  --workers N      workers of each master (the CPUs)
  --grace MS       time that node:cluster's old workers have to leave (5000)
  --json PATH      where the results go (bench/results/reload.json)
`

/** Throws when an argument is wrong. */
export function readFlags(args: readonly string[]): Flags {
  const string = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      reloads: string,
      rounds: string,
      connections: string,
      uploads: string,
      calm: string,
      requests: string,
      concurrency: string,
      workers: string,
      strategies: string,
      grace: string,
      json: string
    }
  })
  const whole = (
    name: Exclude<keyof typeof values, 'json' | 'strategies'>,
    fallback: number,
    min = 1
  ): number => {
    const value = Number(values[name] ?? fallback)
    if (!Number.isSafeInteger(value) || value < min)
      throw new Error(`--${name} is ${values[name] ?? ''}: expected a whole number from ${min}`)
    return value
  }
  return {
    reloads: whole('reloads', 50),
    rounds: whole('rounds', 5),
    connections: whole('connections', 64),
    uploads: whole('uploads', 16, 0),
    calmMs: whole('calm', 2000),
    requests: whole('requests', 100_000, 0),
    concurrency: whole('concurrency', 1000),
    workers: whole('workers', availableParallelism()),
    strategies: (values.strategies ?? 'first,rolling').split(',').map(asStrategy),
    graceMs: whole('grace', 5000),
    json: values.json ?? 'bench/results/reload.json'
  }
}

function asStrategy(name: string): Strategy {
  if (name === 'first' || name === 'all' || name === 'rolling') return name
  throw new Error(`--strategies names ${name}: expected first, all or rolling`)
}
