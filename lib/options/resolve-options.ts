import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { OptionError, show } from '../errors.js'
import { asBoolean, asFunction, asObject, asOneOf, asString, asStrings, asWhole } from './checks.js'
import { parseDuration, positiveDuration } from './duration.js'
import { isDevelopment } from './environment.js'
import { checkExecArgv, inheritedExecArgv } from './exec-argv.js'
import type { OnOutput } from './output.js'
import type { ResolvedOptions, Strategy, UpOptions } from './options.js'
import { assertKnown, resolveServing, SERVING } from './serving.js'
import { parseTransport } from './transport.js'
import { parseWorkerCount } from './worker-count.js'

/** Their names. */
export const UP_OPTIONS = {
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
  surge: true,
  keepPrevious: true,
  listen: true,
  transport: true,
  workerBind: true,
  cwd: true,
  env: true,
  execArgv: true,
  args: true,
  output: true,
  ...SERVING
} satisfies Record<keyof UpOptions, true>

/**
 * Completes, checks and freezes the options; the only place that knows defaults.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: an option is unknown or has a wrong value
 */
export function resolveOptions(options: UpOptions = {}): ResolvedOptions {
  const given = asObject('options', options)
  assertKnown(given, UP_OPTIONS)
  const duration = (name: keyof UpOptions, fallback: string | number): number =>
    parseDuration(name, given[name] ?? fallback)
  const development = isDevelopment()
  const strategy = asOneOf('strategy', given['strategy'] ?? 'first', ['first', 'all', 'rolling'])
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
    workerPingIntervalMs: ping === false ? false : positiveDuration('workerPingInterval', ping ?? '1m'),
    unresponsiveTimeoutMs: positiveDuration('unresponsiveTimeout', given['unresponsiveTimeout'] ?? '30s'),
    strategy,
    surge: readSurge(given['surge'], strategy),
    keepPrevious: asBoolean('keepPrevious', given['keepPrevious'] ?? false),
    listen: given['listen'] == null ? undefined : readListen(given['listen']),
    transport: parseTransport(given),
    workerBind: asOneOf('workerBind', given['workerBind'] ?? 'socket', ['socket', 'port']),
    cwd: readCwd(given['cwd']),
    env: Object.freeze({ ...readEnv(given['env'] ?? {}) }),
    execArgv: Object.freeze(readExecArgv(given['execArgv'])),
    args: Object.freeze([...readArgs(given['args'] ?? [])]),
    output: given['output'] == null ? undefined : asFunction<OnOutput>('output', given['output']),
    ...resolveServing(given)
  })
}

function readListen(value: unknown): NonNullable<ResolvedOptions['listen']> {
  const { port, host, override, ...others } = asObject('listen', value)
  for (const name of Object.keys(others)) {
    throw new OptionError(`listen.${name}`, others[name], 'absent: what listen takes is port, host, override')
  }
  return Object.freeze({
    port: asWhole('listen.port', port, 0, 65_535),
    host: host == null ? undefined : asString('listen.host', host),
    override: asBoolean('listen.override', override ?? false)
  })
}

function readSurge(value: unknown, strategy: Strategy): number {
  if (value != null && strategy !== 'rolling')
    throw new OptionError('surge', value, `absent where the strategy is not 'rolling', but ${show(strategy)}`)
  return parseWorkerCount('surge', value ?? 1)
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

function readExecArgv(value: unknown): string[] {
  return value == null ? inheritedExecArgv() : [...checkExecArgv('execArgv', value)]
}

/** Unlike elsewhere, a string may be empty: so may an argument. */
function readArgs(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new OptionError('args', value, 'a list of strings')
  return value.map((item: unknown, i) => {
    if (typeof item === 'string') return item
    throw new OptionError(`args[${i}]`, item, 'a string')
  })
}

function readEnv(value: unknown): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = {}
  for (const [name, text] of Object.entries(asObject('env', value))) {
    if (text !== undefined && typeof text !== 'string') throw new OptionError(`env.${name}`, text, 'a string')
    env[name] = text
  }
  return env
}
