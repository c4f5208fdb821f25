import { OptionError } from '../errors.js'
import { asObject, asOneOf, asWhole } from './checks.js'
import { parseDuration, positiveDuration, type Duration } from './duration.js'
import { assertKnown, resolveServing, SERVING, type ResolvedServing, type ServingOptions } from './serving.js'
import { parseStatuses } from './status-list.js'

/** Options of `up.proxy(server, upstreams, options)`. Each is validated at construction; a wrong one throws. */
export interface ProxyOptions extends ServingOptions {
  /**
   * The Host that upstreams get: the client's (`'client'`, the default), or their own address (`'upstream'`);
   * `X-Forwarded-Host` is the client's in both cases. Requests whose Host is changed do not take the fast path.
   */
  hostHeader?: 'client' | 'upstream'
  /** How long a connection to an upstream may take to stand. Default `'3s'`. */
  connectTimeout?: Duration
  /** How long what is in flight may take when the server closes. Default `'30s'`; 0: nothing is waited for. */
  closeTimeout?: Duration
  /** Path that is asked for to see whether an upstream is well, such as `'/up'`. Default: none is asked for. */
  healthPath?: string
  /** How long from one such check to the next. Default `'2s'`. */
  healthInterval?: Duration
  /** How long the answer to a check may take. Default `'2s'`. */
  healthTimeout?: Duration
  /** How many checks in a row an upstream has to pass to take requests again. Default 2. */
  healthPasses?: number
  /** How many checks in a row it has to fail to take none any more; its very first one decides alone. Default 3. */
  healthFails?: number
  /** The statuses that pass: a number, or such as `'200-299,404'`. Default `'200-399'`. */
  healthStatus?: number | string
}

/** How upstreams are checked, complete. */
export interface ResolvedHealth {
  readonly path: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly passes: number
  readonly fails: number
  readonly passing: (status: number) => boolean
}

/** The options as the code uses them: complete, checked, frozen; durations in milliseconds. */
export interface ResolvedProxyOptions extends ResolvedServing {
  readonly hostHeader: 'client' | 'upstream'
  readonly connectTimeoutMs: number
  readonly closeTimeoutMs: number
  /** undefined: they are not checked. */
  readonly health: ResolvedHealth | undefined
}

/** The statuses that pass, by default. */
export const PASSING = '200-399'

/** Their names. */
export const PROXY_OPTIONS = {
  hostHeader: true,
  connectTimeout: true,
  closeTimeout: true,
  healthPath: true,
  healthInterval: true,
  healthTimeout: true,
  healthPasses: true,
  healthFails: true,
  healthStatus: true,
  ...SERVING
} satisfies Record<keyof ProxyOptions, true>

/**
 * Completes, checks and freezes the options of a proxy.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: an option is unknown or has a wrong value
 */
export function resolveProxyOptions(options: ProxyOptions = {}): ResolvedProxyOptions {
  const given = asObject('options', options)
  assertKnown(given, PROXY_OPTIONS)
  const hostHeader = asOneOf('hostHeader', given['hostHeader'] ?? 'client', ['client', 'upstream'])
  const serving = resolveServing(given)
  return Object.freeze<ResolvedProxyOptions>({
    ...serving,
    fastPath: serving.fastPath && hostHeader === 'client',
    hostHeader,
    connectTimeoutMs: positiveDuration('connectTimeout', given['connectTimeout'] ?? '3s'),
    closeTimeoutMs: parseDuration('closeTimeout', given['closeTimeout'] ?? '30s'),
    health: readHealth(given)
  })
}

/** @throws {OptionError} `UP_ERR_OPTION` */
export function parseHealthPath(option: string, value: unknown): string {
  if (typeof value === 'string' && /^\/[\x21-\x7e]*$/.test(value)) return value
  throw new OptionError(option, value, "a path such as '/up'")
}

function readHealth(given: Record<string, unknown>): ResolvedHealth | undefined {
  const health = {
    intervalMs: positiveDuration('healthInterval', given['healthInterval'] ?? '2s'),
    timeoutMs: positiveDuration('healthTimeout', given['healthTimeout'] ?? '2s'),
    passes: asWhole('healthPasses', given['healthPasses'] ?? 2, 1, 100),
    fails: asWhole('healthFails', given['healthFails'] ?? 3, 1, 100),
    passing: parseStatuses('healthStatus', given['healthStatus'] ?? PASSING)
  }
  const path = given['healthPath']
  return path == null ? undefined : Object.freeze({ path: parseHealthPath('healthPath', path), ...health })
}
