import { CommanderError, type Command } from 'commander'
import { precedence, type Entry, type Layer } from '../config/precedence.js'
import { UpError } from '../errors.js'
import { createCommand, APP_FLAGS } from './command.js'
import { givenEnvironment } from './environment.js'
import { givenFlags, type AnyFlag } from './flag.js'
import { Problems } from './problems.js'
import { createProxyCommand, PROXY_FLAGS } from './proxy-command.js'

export interface ParseInput {
  /** Arguments after the name of the command. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Gets the help or the version, where one is asked for. */
  readonly print: (text: string) => void
}

/** What a command line says, and the environment where it says nothing. */
export interface CommandLine {
  readonly settings: Layer
  /** The configuration file; false: there is to be none; undefined: the usual one. */
  readonly config: string | false | undefined
  /** What is wrong with it. */
  readonly problems: readonly UpError[]
}

/** As {@link CommandLine}, of `up proxy`. */
export interface ProxyLine extends CommandLine {
  readonly upstreams: readonly string[]
}

/**
 * Reads the command line of `up [file]`. A file, and arguments of the app, are settings like others.
 *
 * @param command the command whose options it has
 * @returns undefined when the help or the version was asked for, and has been printed
 * @throws {UpError} `UP_ERR_USAGE`: an unknown option, an argument too many
 */
export function readAppLine(
  input: ParseInput,
  command = createCommand(input.version)
): CommandLine | undefined {
  const [args, appArgs] = splitArgs(input.args)
  if (!run(command, { ...input, args })) return undefined
  const named = new Map<string, Entry>()
  const [file] = command.args
  if (file !== undefined) named.set('file', typed('<file>', file))
  if (appArgs.length > 0) named.set('args', typed('--', appArgs))
  return readLine(command, APP_FLAGS, input, named)
}

/** As {@link readAppLine}, of `up proxy [upstream...]`; the arguments are those behind `proxy`. */
export function readProxyLine(input: ParseInput): ProxyLine | undefined {
  const command = createProxyCommand(input.version)
  if (!run(command, input)) return undefined
  const line = readLine(command, PROXY_FLAGS, input)
  return { ...line, upstreams: [...command.args] }
}

function readLine(
  command: Command,
  flags: readonly AnyFlag[],
  { env }: ParseInput,
  named: Layer = new Map()
): CommandLine {
  const problems = new Problems()
  const all = new Map(
    precedence(named, givenFlags(command, flags, problems), givenEnvironment(env, flags, problems))
  )
  const config = all.get('config')?.value as string | false | undefined
  all.delete('config')
  return { settings: all, config, problems: problems.list }
}

/** What is typed without a flag. */
function typed(name: string, value: unknown): Entry {
  return { value, from: { kind: 'flag', place: 'the command line', name } }
}

/** The words before the first `--`, and those behind it, which are the app's. */
function splitArgs(args: readonly string[]): [readonly string[], readonly string[]] {
  const at = args.indexOf('--')
  return at === -1 ? [args, []] : [args.slice(0, at), args.slice(at + 1)]
}

/** @returns false when the help or the version was asked for, and has been printed */
export function run(command: Command, { args, print }: Pick<ParseInput, 'args' | 'print'>): boolean {
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

/** commander's message on one line, without its prefix. */
function sentence(message: string): string {
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}
