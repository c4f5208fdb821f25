import { CommanderError, type Command } from 'commander'
import type { AdminAddress } from '../admin/admin-address.js'
import { assertGuarded, type AdminOptions } from '../admin/admin-server.js'
import { checkAdminToken } from '../admin/admin-token.js'
import { OptionError, UpError } from '../errors.js'
import { controlFolder } from '../instances/control-folder.js'
import { asString } from '../options/checks.js'
import { inheritedExecArgv } from '../options/exec-argv.js'
import { parseUpstreams } from '../options/upstream.js'
import { APP_FLAGS, createCommand } from './command.js'
import type { MasterSettings } from './common-flags.js'
import { envFilesIn, readEnvFiles } from './env-files.js'
import { findStart, startOf } from './find-start.js'
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

export interface AppParseInput extends ParseInput {
  /** The working directory: where a package.json says what to run, and relative paths begin. */
  readonly cwd: string
}

const DEFAULT_PORT = 3000

/**
 * Reads and checks the command line of `up [file]`, and the environment.
 *
 * @returns undefined when the help or the version was asked for, and has been printed
 * @throws {OptionError} `UP_ERR_OPTION`: a value is wrong
 * @throws {UpError} `UP_ERR_USAGE`: an unknown option, nothing to run, an argument too many
 */
export function parseArgs(input: AppParseInput): CliOptions | undefined {
  const { cwd } = input
  const [args, appArgs] = splitArgs(input.args)
  const command = createCommand(input.version)
  if (!run(command, { ...input, args })) return undefined
  const { master, rest: flags } = splitSettings(readFlags(command, APP_FLAGS))
  const { tlsCert, accessFile } = master
  const { watch, extensions, envFiles = [], optionalEnvFiles = [], nodeArgs = [], ...up } = flags
  const [file] = command.args
  const start = file === undefined ? findStart(cwd) : startOf(asString('<file>', file))
  const execArgv = [
    ...start.nodeArgs,
    ...envFiles.map(path => `--env-file=${path}`),
    ...optionalEnvFiles.map(path => `--env-file-if-exists=${path}`),
    ...nodeArgs
  ]
  if (up.transport === 'handoff' && tlsCert !== undefined) {
    const wanted = "absent with --transport handoff: TLS ends in the app's own server"
    throw new OptionError('--tls-cert', tlsCert, wanted)
  }
  if (up.transport === 'handoff' && accessFile !== undefined) {
    const wanted = 'absent with --transport handoff: the master sees no request'
    throw new OptionError('--access-log', accessFile, wanted)
  }
  const allArgs = [...start.args, ...appArgs]
  const files = envFilesIn(execArgv, cwd)
  const env = { ...readEnvFiles(files), ...input.env, ...start.env }
  return {
    file: start.file,
    foundIn: start.foundIn,
    env: start.env,
    envFiles: files.map(({ path }) => path),
    ...masterOptions(master, env),
    watch: watch === true,
    extensions: extensions?.flat() ?? [],
    up: {
      ...up,
      // The workers get those of the master, too: as they do without.
      ...(execArgv.length > 0 && { execArgv: [...inheritedExecArgv(), ...execArgv] }),
      ...(allArgs.length > 0 && { args: allArgs })
    }
  }
}

/** The words before the first `--`, and those behind it, which are the app's. */
function splitArgs(args: readonly string[]): [readonly string[], readonly string[]] {
  const at = args.indexOf('--')
  return at === -1 ? [args, []] : [args.slice(0, at), args.slice(at + 1)]
}

/** As {@link parseArgs}, of `up proxy <upstream...>`; the arguments are those behind `proxy`. */
export function parseProxyArgs(input: ParseInput): CliProxyOptions | undefined {
  const command = createProxyCommand(input.version)
  if (!run(command, input)) return undefined
  const { master, rest } = splitSettings(readFlags(command, PROXY_FLAGS))
  const { title, ...proxy } = rest
  const upstreams = [...command.args]
  parseUpstreams('<upstream>', upstreams, () => '<upstream>')
  return {
    upstreams,
    ...masterOptions(master, input.env),
    title,
    proxy
  }
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

type Given = { [Name in keyof MasterSettings]?: MasterSettings[Name] | undefined }

/** Those about the master itself, and the others. */
function splitSettings<All extends Given>(
  all: All
): { master: Given; rest: Omit<All, keyof MasterSettings> } {
  const {
    port,
    host,
    pidFile,
    tlsCert,
    tlsKey,
    name,
    control,
    admin,
    adminToken,
    logFormat,
    accessFile,
    accessFormat,
    ...rest
  } = all
  const listening = { port, host, pidFile, tlsCert, tlsKey, name, control, admin, adminToken }
  return { master: { ...listening, logFormat, accessFile, accessFormat }, rest }
}

function masterOptions(given: Given, env: ParseInput['env']): MasterOptions {
  const { port, host, pidFile, tlsCert, tlsKey, name, control, admin, adminToken } = given
  const { logFormat, accessFile, accessFormat } = given
  return {
    port: port ?? portFrom(env['PORT']),
    portGiven: port !== undefined,
    host,
    pidFile,
    tls: tlsFiles(tlsCert, tlsKey),
    control: { control, name, folder: controlFolder(env) },
    admin: admin && adminOptions(admin, adminToken, env['UP_ADMIN_TOKEN']),
    logs: { format: logFormat, accessFile, accessFormat }
  }
}

/** @throws {OptionError} `UP_ERR_OPTION`: others than this machine could connect, and there is no token */
function adminOptions(
  address: AdminAddress,
  given: string | undefined,
  fromEnv: string | undefined
): AdminOptions {
  const found =
    fromEnv === undefined || fromEnv === '' ? undefined : checkAdminToken('env UP_ADMIN_TOKEN', fromEnv)
  const options = { address, token: given ?? found }
  assertGuarded(options)
  return options
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
