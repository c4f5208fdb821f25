import { CommanderError, type Command } from 'commander'
import { UpError } from '../errors.js'
import { asString } from '../options/checks.js'
import { parseUpstreams } from '../options/upstream.js'
import { APP_FLAGS, createCommand } from './command.js'
import type { MasterSettings } from './common-flags.js'
import { readFlags } from './flag.js'
import { asPort } from './flag-values.js'
import type { CliOptions, CliProxyOptions, MasterOptions, TlsFiles } from './options.js'
import { createProxyCommand, PROXY_FLAGS } from './proxy-command.js'

export interface ParseInput {
  /** Arguments after the name of the command. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Gets the help or the version, where one is asked for. */
  readonly print: (text: string) => void
}

const DEFAULT_PORT = 3000

/**
 * Reads and checks the command line of `up <file>`, and the environment.
 *
 * @returns undefined when the help or the version was asked for, and has been printed
 * @throws {OptionError} `UP_ERR_OPTION`: a value is wrong
 * @throws {UpError} `UP_ERR_USAGE`: an unknown option, a missing argument, one too many
 */
export function parseArgs(input: ParseInput): CliOptions | undefined {
  const command = createCommand(input.version)
  if (!run(command, input)) return undefined
  const { port, host, pidFile, tlsCert, tlsKey, watch, extensions, ...up } = readFlags(command, APP_FLAGS)
  return {
    file: asString('<file>', command.args[0]),
    ...masterOptions({ port, host, pidFile, tlsCert, tlsKey }, input),
    watch: watch === true,
    extensions: extensions?.flat() ?? [],
    up
  }
}

/** As {@link parseArgs}, of `up proxy <upstream...>`; the arguments are those behind `proxy`. */
export function parseProxyArgs(input: ParseInput): CliProxyOptions | undefined {
  const command = createProxyCommand(input.version)
  if (!run(command, input)) return undefined
  const { port, host, pidFile, tlsCert, tlsKey, title, ...proxy } = readFlags(command, PROXY_FLAGS)
  const upstreams = [...command.args]
  parseUpstreams('<upstream>', upstreams, () => '<upstream>')
  return {
    upstreams,
    ...masterOptions({ port, host, pidFile, tlsCert, tlsKey }, input),
    title,
    proxy
  }
}

/** @returns false when the help or the version was asked for, and has been printed */
function run(command: Command, { args, print }: ParseInput): boolean {
  command.exitOverride().configureOutput({ writeOut: print, writeErr: () => {} })
  try {
    command.parse(args, { from: 'user' })
    return true
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause
    if (cause.exitCode === 0) return false
    throw new UpError('UP_ERR_USAGE', sentence(cause.message), { cause })
  }
}

function masterOptions(
  {
    port,
    host,
    pidFile,
    tlsCert,
    tlsKey
  }: { [Name in keyof MasterSettings]: MasterSettings[Name] | undefined },
  { env }: ParseInput
): MasterOptions {
  return { port: port ?? portFrom(env['PORT']), host, pidFile, tls: tlsFiles(tlsCert, tlsKey) }
}

function portFrom(env: string | undefined): number {
  // An empty PORT is what `PORT= up` and an unset variable in a compose file give.
  return env === undefined || env === '' ? DEFAULT_PORT : asPort('env PORT', env)
}

/** Neither is given without the other. */
function tlsFiles(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

/** commander's message on one line, without its prefix. */
function sentence(message: string): string {
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}
