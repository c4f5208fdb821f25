import { parseArgs } from 'node:util'
import { asNames, openFilesLimit } from '../common/flag-values.js'
import { CANDIDATE_NAMES, type CandidateName } from './candidates.js'

const PARTS = ['outage', 'held', 'uploads', 'migration'] as const
export type PartName = (typeof PARTS)[number]

export interface Flags {
  readonly parts: readonly PartName[]
  /** Of the part `outage`. */
  readonly candidates: readonly CandidateName[]
  /** Requests a second. */
  readonly rate: number
  /** How long the load of an outage lasts. */
  readonly seconds: number
  /** How long the backend stays away, in milliseconds. */
  readonly awayMs: number
  /** Requests that are held at once; one row each. */
  readonly held: readonly number[]
  readonly uploads: number
  readonly uploadBytes: number
  /** Rows of the table that is migrated. */
  readonly people: number
  /** Where the results go as JSON. */
  readonly json: string
}

export const USAGE = `npm run bench:hold -- [flags]

  --parts NAMES       ${PARTS.join(',')} (all)
  --candidates NAMES  of the part outage: ${CANDIDATE_NAMES.join(',')} (all)
  --rate N            requests a second (200)
  --seconds N         length of the load around an outage (15)
  --away MS           how long the backend stays away (5000)
  --held NUMBERS      requests that are held at once (1000,10000)
  --uploads N         uploads that are held at once (1000)
  --upload-bytes N    of each of them (10000000)
  --people N          rows of the table that is migrated (1000000)
  --json PATH         where the results go (bench/results/hold.json)
`

/** Each process needs these beside the connections. */
const SPARE_DESCRIPTORS = 1000
/** The kill comes after such a share of the load, which goes on for as long behind the return at least. */
export const SHARE_BEFORE = 1 / 5

/** Throws when an argument is wrong. */
export function readFlags(args: readonly string[]): Flags {
  const string = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      parts: string,
      candidates: string,
      rate: string,
      seconds: string,
      away: string,
      held: string,
      uploads: string,
      'upload-bytes': string,
      people: string,
      json: string
    }
  })
  const whole = (
    name: Exclude<keyof typeof values, 'parts' | 'candidates' | 'json'>,
    fallback: number
  ): number => asWhole(name, values[name] ?? String(fallback))
  const flags = {
    parts: asNames('parts', values.parts ?? PARTS.join(','), PARTS),
    candidates: asNames('candidates', values.candidates ?? CANDIDATE_NAMES.join(','), CANDIDATE_NAMES),
    rate: whole('rate', 200),
    seconds: whole('seconds', 15),
    awayMs: whole('away', 5000),
    held: (values.held ?? '1000,10000').split(',').map(text => asWhole('held', text)),
    uploads: whole('uploads', 1000),
    uploadBytes: whole('upload-bytes', 10_000_000),
    people: whole('people', 1_000_000),
    json: values.json ?? 'bench/results/hold.json'
  }
  const least = Math.ceil(flags.awayMs / 1000 / (1 - 2 * SHARE_BEFORE))
  if (flags.seconds < least)
    throw new Error(`--seconds is ${flags.seconds}: expected ${least} at least with --away ${flags.awayMs}`)
  const most = openFilesLimit() - SPARE_DESCRIPTORS
  const wanted = Math.max(...flags.held, flags.uploads)
  if (wanted > most)
    throw new Error(`--held or --uploads is ${wanted}: expected ${most} at most, see ulimit -Hn`)
  return flags
}

function asWhole(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} is ${text}: expected a whole number from 1`)
  return value
}
