import type { IncomingMessage } from 'node:http'
import { OptionError } from '../errors.js'
import { asObject, asOneOf, asString } from './checks.js'
import { parseDuration, type Duration } from './duration.js'

/** What a policy may know of a worker that it can choose. */
export interface Candidate {
  /** Number of its place among the workers, from 0: its successor after a reload has the same. */
  readonly slot: number
  /** Number of the start or reload that spawned it. */
  readonly generation: number
  /** Requests that it is answering, or that wait for a connection to it. */
  readonly inFlight: number
  /** Upgrades, such as WebSockets, that are open. */
  readonly upgrades: number
  /** Its share of the requests, relative to the others. Workers have 1. */
  readonly weight: number
}

/** Policies that need no more than their name. */
export type PolicyName = 'round-robin' | 'least-requests' | 'random-two' | 'sticky'

/** Your own policy: returns one of the candidates, of which there is at least one. */
export type ChooseWorker = (candidates: readonly Candidate[], req: IncomingMessage) => Candidate

/** Your own key of a client; requests without a key go to any worker. */
export type StickyKey = (req: IncomingMessage) => string | number | null | undefined

/** The requests of a client go to one worker. */
export interface StickyOptions {
  readonly policy: 'sticky'
  /** What a client is known by: a cookie of ours (the default), its address, or your own key. */
  readonly by?: 'cookie' | 'address' | StickyKey
  /** The cookie's name. Default `'up-sticky'`. */
  readonly cookie?: string
  /** Signs the cookie; several masters, and restarts, agree if they share it. Default: random. */
  readonly secret?: string
  /** A client keeps a retired worker until it has been quiet for so long. Default `'1s'`; 0: it moves at once. */
  readonly linger?: Duration
}

/** How requests are spread over the workers. */
export type Balance = PolicyName | StickyOptions | ChooseWorker

/** The option `balance`, complete and checked. */
export type ResolvedBalance =
  | { readonly policy: Exclude<PolicyName, 'sticky'> }
  | { readonly policy: 'custom'; readonly choose: ChooseWorker }
  | ResolvedSticky

export interface ResolvedSticky {
  readonly policy: 'sticky'
  readonly by: 'cookie' | 'address' | StickyKey
  readonly cookie: string
  /** undefined: a random one. */
  readonly secret: string | undefined
  readonly lingerMs: number
}

export const POLICY_NAMES = ['round-robin', 'least-requests', 'random-two', 'sticky'] as const

const FORMS =
  `one of ${POLICY_NAMES.map(name => `'${name}'`).join(', ')}, an object { policy: 'sticky', by, cookie, ` +
  `secret, linger }, or a function (candidates, req) => candidate`
const STICKY_NAMES = ['policy', 'by', 'cookie', 'secret', 'linger']
/** RFC 6265 section 4.1.1: a cookie's name is a token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const MIN_SECRET = 16

/** @throws {OptionError} `UP_ERR_OPTION`: not a form of `balance` */
export function parseBalance(option: string, value: unknown): ResolvedBalance {
  if (typeof value === 'function') return Object.freeze({ policy: 'custom', choose: value as ChooseWorker })
  if (value === 'sticky') return parseSticky(option, { policy: value })
  if (typeof value === 'object' && value !== null) return parseSticky(option, asObject(option, value))
  const policy = POLICY_NAMES.find(name => name === value)
  if (policy === undefined || policy === 'sticky') throw new OptionError(option, value, FORMS)
  return Object.freeze({ policy })
}

function parseSticky(option: string, given: Record<string, unknown>): ResolvedSticky {
  if (given['policy'] !== 'sticky') throw new OptionError(`${option}.policy`, given['policy'], `'sticky'`)
  for (const name of Object.keys(given)) {
    if (!STICKY_NAMES.includes(name)) {
      throw new OptionError(`${option}.${name}`, given[name], `absent: known are ${STICKY_NAMES.join(', ')}`)
    }
  }
  const by = parseBy(`${option}.by`, given['by'] ?? 'cookie')
  for (const name of ['cookie', 'secret']) {
    if (by !== 'cookie' && given[name] !== undefined)
      throw new OptionError(
        `${option}.${name}`,
        hidden(given[name]),
        `absent, as ${option}.by is not 'cookie'`
      )
  }
  return Object.freeze({
    policy: 'sticky',
    by,
    cookie: parseCookie(`${option}.cookie`, given['cookie'] ?? 'up-sticky'),
    secret: given['secret'] === undefined ? undefined : parseSecret(`${option}.secret`, given['secret']),
    lingerMs: parseDuration(`${option}.linger`, given['linger'] ?? '1s')
  })
}

function parseBy(option: string, value: unknown): ResolvedSticky['by'] {
  if (typeof value === 'function') return value as StickyKey
  if (typeof value === 'string') return asOneOf<'cookie' | 'address'>(option, value, ['cookie', 'address'])
  throw new OptionError(option, value, `'cookie', 'address', or a function (req) => key`)
}

function parseCookie(option: string, value: unknown): string {
  const name = asString(option, value)
  if (!TOKEN.test(name)) throw new OptionError(option, value, 'a name for a cookie: letters, digits, - and _')
  return name
}

function parseSecret(option: string, value: unknown): string {
  if (typeof value === 'string' && value.length >= MIN_SECRET) return value
  throw new OptionError(option, hidden(value), `a string of at least ${MIN_SECRET} characters`)
}

/** A secret is not for error messages, which end in logs. */
function hidden(value: unknown): unknown {
  return typeof value === 'string' ? '*'.repeat(value.length) : value
}
