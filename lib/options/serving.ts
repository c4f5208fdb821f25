import { resolve } from 'node:path'
import { OptionError } from '../errors.js'
import type { AccessLog } from './access-entry.js'
import { parseBalance, type Balance, type ResolvedBalance } from './balance.js'
import { asBoolean, asFunction, asString, asWhole } from './checks.js'
import { parseDuration, positiveDuration, type Duration } from './duration.js'
import { parseHealthPrefix } from './health-prefix.js'
import { parseHoldResponse, type HoldResponse, type ResolvedHoldResponse } from './hold-response.js'
import { parseTrust } from './trust.js'
import { parseVia } from './via.js'

/**
 * Which peers may set `X-Forwarded-*`: none (`false`), every one (`true`), addresses and networks
 * (`'loopback'`, `'10.0.0.0/8'`, or a list of such), or a function that is asked for an address.
 */
export type TrustProxy = boolean | string | readonly string[] | ((address: string) => boolean)

/** Options of whatever balances requests: of `up(server, file, options)` and of `up.proxy(server, upstreams, options)`. */
export interface ServingOptions {
  /**
   * Which worker gets a request.
   * `'round-robin'`: each in turn. `'least-requests'`: the one with the fewest in flight. `'random-two'`:
   * the less busy of two at random. `'sticky'`: each client stays with one worker, by a cookie; as an
   * object, see {@link StickyOptions}, by its address or a key of yours. Or a function
   * `(candidates, req) => candidate`. Default `'round-robin'`.
   */
  balance?: Balance
  /**
   * How many connections for requests the master has to one worker at most; more requests wait in order,
   * for `holdTimeout` at most. Upgrades do not count. Default 256.
   */
  maxConnections?: number
  /** Whose `X-Forwarded-*` fields are kept and appended to, instead of replaced. Default false: nobody's. */
  trustProxy?: TrustProxy
  /** How many requests may wait at once while no worker is available; more get 503. Default 1,000. */
  maxHeld?: number
  /** How long a request may wait for a worker; then 503 with Retry-After. Default `'30s'`; 0 is no limit. */
  holdTimeout?: Duration
  /**
   * A file that says whether requests are served: while it is missing, they are held; when it is there, whatever
   * is in it, they are served. `touch` and `rm` are the whole protocol; a change is seen within 100 ms. Default: none.
   */
  holdFile?: string
  /** How often the hold file is looked at where its folder cannot be watched. Default `'1s'`. */
  holdPoll?: Duration
  /**
   * What a request gets that is refused with 503, because too many are held or because it has waited for
   * `holdTimeout`: a text, or a whole answer. Default: 503 with Retry-After and no body.
   */
  holdResponse?: HoldResponse
  /**
   * How long a worker may stay silent: before the head of its answer (then 504; not counted while an
   * upload moves), and between two pieces of its body (then the answer is cut off). Default `'60s'`; 0 is no limit.
   */
  proxyTimeout?: Duration
  /**
   * Requests and answers get a `Via` field, as RFC 9110 asks of gateways: `true` names us `up`, a string gives
   * another pseudonym, `false` leaves the field as it is. Default true.
   */
  via?: boolean | string
  /**
   * Where the server answers for itself, such as `'/_up'`: at `/_up/healthz` with 200, and at `/_up/readyz` with 200 or,
   * while nobody can serve or a shutdown runs, with 503. These are never forwarded, and held neither. Default: nowhere.
   */
  healthPrefix?: string
  /**
   * Whether plain requests (without fields that need care, with a body by Content-Length or none, while there is
   * no middleware) may be forwarded without becoming objects of node:http. Nobody can tell the difference but
   * by the time that it takes. Default true.
   */
  fastPath?: boolean
  /**
   * Gets an entry when all is over with a request or an upgrade. Requests then have an `X-Request-Id`, the client's or a
   * new one, and so have their answers. Default: none.
   */
  accessLog?: AccessLog
}

/** These options as the code uses them: complete, checked, durations in milliseconds. */
export interface ResolvedServing {
  readonly trust: (address: string) => boolean
  readonly balance: ResolvedBalance
  readonly maxConnections: number
  readonly maxHeld: number
  readonly holdTimeoutMs: number
  readonly holdFile: string | undefined
  readonly holdPollMs: number
  readonly holdResponse: ResolvedHoldResponse | undefined
  readonly proxyTimeoutMs: number
  readonly via: string | undefined
  /** Without a slash at its end. */
  readonly healthPrefix: string | undefined
  readonly fastPath: boolean
  readonly accessLog: AccessLog | undefined
}

/** Their names. */
export const SERVING = {
  balance: true,
  maxConnections: true,
  trustProxy: true,
  maxHeld: true,
  holdTimeout: true,
  holdFile: true,
  holdPoll: true,
  holdResponse: true,
  proxyTimeout: true,
  via: true,
  healthPrefix: true,
  fastPath: true,
  accessLog: true
} satisfies Record<keyof ServingOptions, true>

/**
 * Completes and checks them.
 *
 * @throws {OptionError} `UP_ERR_OPTION`
 */
export function resolveServing(given: Record<string, unknown>): ResolvedServing {
  const { holdFile, holdResponse, healthPrefix, accessLog } = given
  return {
    trust: parseTrust('trustProxy', given['trustProxy'] ?? false),
    balance: parseBalance('balance', given['balance'] ?? 'round-robin'),
    maxConnections: asWhole('maxConnections', given['maxConnections'] ?? 256, 1),
    maxHeld: asWhole('maxHeld', given['maxHeld'] ?? 1000, 0),
    holdTimeoutMs: parseDuration('holdTimeout', given['holdTimeout'] ?? '30s'),
    holdFile: holdFile == null ? undefined : resolve(asString('holdFile', holdFile)),
    holdPollMs: positiveDuration('holdPoll', given['holdPoll'] ?? '1s'),
    holdResponse: holdResponse == null ? undefined : parseHoldResponse('holdResponse', holdResponse),
    proxyTimeoutMs: parseDuration('proxyTimeout', given['proxyTimeout'] ?? '60s'),
    via: parseVia('via', given['via'] ?? true),
    healthPrefix: healthPrefix == null ? undefined : parseHealthPrefix('healthPrefix', healthPrefix),
    // Nobody would see what becomes of a request there.
    fastPath: asBoolean('fastPath', given['fastPath'] ?? true),
    accessLog: accessLog == null ? undefined : asFunction<AccessLog>('accessLog', accessLog)
  }
}

/** Refuses names that are not among the known ones: a misspelt option must not be ignored. */
export function assertKnown(given: Record<string, unknown>, known: Readonly<Record<string, true>>): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue
    const names = Object.keys(known).join(', ')
    throw new OptionError(`option ${name}`, given[name], `absent: the options are ${names}`)
  }
}
