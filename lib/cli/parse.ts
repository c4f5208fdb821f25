import { CommanderError } from 'commander'
import { OptionError, UpError } from '../errors.js'
import { POLICY_NAMES } from '../options/balance.js'
import { asOneOf, asString, asWhole } from '../options/checks.js'
import { parseDuration } from '../options/duration.js'
import type { UpOptions } from '../options/options.js'
import { parseWorkerCount } from '../options/worker-count.js'
import { createCommand, type RawOptions } from './command.js'
import type { CliOptions, TlsFiles } from './options.js'

export interface ParseInput {
  /** Arguments after the name of the program. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Gets the help or the version, where one is asked for. */
  readonly print: (text: string) => void
}

const DEFAULT_PORT = 3000

/**
 * Reads and checks the command line and the environment.
 *
 * @returns undefined when the help or the version was asked for, and has been printed
 * @throws {OptionError} `UP_ERR_OPTION`: a value is wrong
 * @throws {UpError} `UP_ERR_USAGE`: an unknown option, a missing argument, one too many
 */
export function parseArgs({ args, env, version, print }: ParseInput): CliOptions | undefined {
  const command = createCommand(version)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {} })
  try {
    command.parse(args, { from: 'user' })
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause
    if (cause.exitCode === 0) return undefined
    throw new UpError('UP_ERR_USAGE', sentence(cause.message), { cause })
  }
  const raw = command.opts<RawOptions>()
  return {
    file: asString('<file>', command.args[0]),
    port: parsePort(raw.port, env['PORT']),
    host: optional(raw.host, asHost),
    watch: raw.watch === true,
    extensions: raw.ext?.flatMap(parseExtensions) ?? [],
    pidFile: optional(raw.pidfile, value => asString('--pidfile', value)),
    tls: checkTls(raw.tlsCert, raw.tlsKey),
    up: checkUp(raw)
  }
}

/** Checks here what UpServer would check as well, so that a message names the option as it was typed. */
function checkUp(raw: RawOptions): UpOptions {
  const all: { [Name in keyof UpOptions]: UpOptions[Name] | undefined } = {
    numWorkers: optional(raw.number, value => parseWorkerCount('--number', value)),
    workerTimeout: optional(raw.timeout, value => parseDuration('--timeout', value)),
    readyTimeout: optional(raw.readyTimeout, value => parseDuration('--ready-timeout', value)),
    killTimeout: optional(raw.killTimeout, value => parseDuration('--kill-timeout', value)),
    proxyTimeout: optional(raw.proxyTimeout, value => parseDuration('--proxy-timeout', value)),
    holdTimeout: optional(raw.holdTimeout, value => parseDuration('--hold-timeout', value)),
    balance: optional(raw.balance, value => asOneOf('--balance', value, POLICY_NAMES)),
    maxConnections: optional(raw.maxConnections, value => asWhole('--max-connections', digits(value), 1)),
    maxHeld: optional(raw.maxHeld, value => asWhole('--max-held', digits(value), 0)),
    requires: raw.require?.map(value => asString('--require', value)),
    title: optional(raw.title, value => asString('--title', value)),
    strategy: optional(raw.strategy, value => asOneOf('--strategy', value, ['first', 'all', 'rolling'])),
    workerBind: optional(raw.workerBind, value => asOneOf('--worker-bind', value, ['socket', 'port'])),
    keepAlive: raw.keepalive,
    via: raw.via === false ? false : undefined
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function parsePort(option: string | undefined, fromEnv: string | undefined): number {
  if (option !== undefined) return asPort('--port', option)
  // An empty PORT is what `PORT= up` and an unset variable in a compose file give.
  return fromEnv === undefined || fromEnv === '' ? DEFAULT_PORT : asPort('env PORT', fromEnv)
}

function asPort(name: string, value: string): number {
  const port = digits(value)
  if (typeof port === 'number' && port <= 65_535) return port
  throw new OptionError(name, value, 'a port: a whole number from 0 (any free one) to 65535')
}

function asHost(value: string): string {
  if (/^[^\s/\0]+$/.test(value)) return value
  throw new OptionError('--host', value, 'an address or host name of this machine')
}

function parseExtensions(list: string): string[] {
  return list.split(',').map(item => {
    const name = item.trim().replace(/^\*?\./, '')
    if (/^[\w-]+(\.[\w-]+)*$/.test(name)) return name
    throw new OptionError('--ext', list, 'a list of file extensions, such as html,css')
  })
}

function checkTls(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (cert === undefined && key === undefined) return undefined
  const expected = (other: string): string => `the path of a PEM file, as ${other} is given`
  if (cert === undefined) throw new OptionError('--tls-cert', cert, expected('--tls-key'))
  if (key === undefined) throw new OptionError('--tls-key', key, expected('--tls-cert'))
  return { cert: asString('--tls-cert', cert), key: asString('--tls-key', key) }
}

/** Digits as a number; anything else as it is. */
function digits(value: string): number | string {
  return /^\d{1,15}$/.test(value) ? Number(value) : value
}

function optional<T, R>(value: T | undefined, parse: (value: T) => R): R | undefined {
  return value === undefined ? undefined : parse(value)
}

/** commander's message on one line, without its prefix. */
function sentence(message: string): string {
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}
