import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { OptionError } from '../errors.js'
import { parseBalance } from './balance.js'
import { asBoolean, asObject, asOneOf, asString, asStrings, asWhole } from './checks.js'
import { parseDuration } from './duration.js'
import { isDevelopment } from './environment.js'
import { inheritedExecArgv } from './exec-argv.js'
import type { ResolvedOptions, UpOptions } from './options.js'
import { parseTrust } from './trust.js'
import { parseVia } from './via.js'
import { parseWorkerCount } from './worker-count.js'

const KNOWN = {
  numWorkers: true,
  workerTimeout: true,
  killTimeout: true,
  readyTimeout: true,
  requires: true,
  title: true,
  assumeReady: true,
  keepAlive: true,
  minExpectedLifetime: true,
  workerPingInterval: true,
  unresponsiveTimeout: true,
  strategy: true,
  workerBind: true,
  cwd: true,
  env: true,
  execArgv: true,
  balance: true,
  maxConnections: true,
  trustProxy: true,
  maxHeld: true,
  holdTimeout: true,
  proxyTimeout: true,
  via: true,
  fastPath: true
} satisfies Record<keyof UpOptions, true>

/**
 * Completes, checks and freezes the options; the only place that knows defaults.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: an option is unknown or has a wrong value
 */
export function resolveOptions(options: UpOptions = {}): ResolvedOptions {
  const given = asObject('options', options)
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(KNOWN, name)) {
      throw new OptionError(
        `option ${name}`,
        given[name],
        `absent: the options are ${Object.keys(KNOWN).join(', ')}`
      )
    }
  }
  const duration = (name: keyof UpOptions, fallback: string | number): number =>
    parseDuration(name, given[name] ?? fallback)
  const development = isDevelopment()
  const ping = given['workerPingInterval']

  return Object.freeze<ResolvedOptions>({
    numWorkers: parseWorkerCount('numWorkers', given['numWorkers'] ?? (development ? 1 : 'cpus')),
    workerTimeoutMs: duration('workerTimeout', development ? '500ms' : '10m'),
    killTimeoutMs: duration('killTimeout', '5s'),
    readyTimeoutMs: duration('readyTimeout', '30s'),
    requires: Object.freeze(readRequires(given['requires'])),
    title: given['title'] == null ? undefined : asString('title', given['title']),
    assumeReady: asBoolean('assumeReady', given['assumeReady'] ?? true),
    keepAlive: asBoolean('keepAlive', given['keepAlive'] ?? true),
    minExpectedLifetimeMs: duration('minExpectedLifetime', '20s'),
    workerPingIntervalMs: ping === false ? false : positive('workerPingInterval', ping ?? '1m'),
    unresponsiveTimeoutMs: positive('unresponsiveTimeout', given['unresponsiveTimeout'] ?? '30s'),
    strategy: asOneOf('strategy', given['strategy'] ?? 'first', ['first', 'all', 'rolling']),
    workerBind: asOneOf('workerBind', given['workerBind'] ?? 'socket', ['socket', 'port']),
    cwd: readCwd(given['cwd']),
    env: Object.freeze({ ...readEnv(given['env'] ?? {}) }),
    execArgv: Object.freeze([
      ...asStrings('execArgv', given['execArgv'] ?? inheritedExecArgv(process.execArgv))
    ]),
    trust: parseTrust('trustProxy', given['trustProxy'] ?? false),
    balance: parseBalance('balance', given['balance'] ?? 'round-robin'),
    maxConnections: asWhole('maxConnections', given['maxConnections'] ?? 256, 1),
    maxHeld: asWhole('maxHeld', given['maxHeld'] ?? 1000, 0),
    holdTimeoutMs: duration('holdTimeout', '30s'),
    proxyTimeoutMs: duration('proxyTimeout', '60s'),
    via: parseVia('via', given['via'] ?? true),
    fastPath: asBoolean('fastPath', given['fastPath'] ?? true)
  })
}

function positive(name: string, value: unknown): number {
  const parsed = parseDuration(name, value)
  if (parsed === 0) throw new OptionError(name, value, 'a duration greater than 0')
  return parsed
}

function readRequires(value: unknown): string[] {
  return typeof value === 'string' ? [asString('requires', value)] : [...asStrings('requires', value ?? [])]
}

function readCwd(value: unknown): string {
  const cwd = resolve(value == null ? '.' : asString('cwd', value))
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new OptionError('cwd', value ?? cwd, 'an existing folder')
  }
  return cwd
}

function readEnv(value: unknown): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = {}
  for (const [name, text] of Object.entries(asObject('env', value))) {
    if (text !== undefined && typeof text !== 'string') throw new OptionError(`env.${name}`, text, 'a string')
    env[name] = text
  }
  return env
}
