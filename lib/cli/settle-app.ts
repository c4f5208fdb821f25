import { resolve } from 'node:path'
import type { LoadedConfig } from '../config/config-file.js'
import { precedence, type Layer } from '../config/precedence.js'
import { OptionError } from '../errors.js'
import { asString } from '../options/checks.js'
import { inheritedExecArgv } from '../options/exec-argv.js'
import type { UpOptions } from '../options/options.js'
import { resolveOptions, UP_OPTIONS } from '../options/resolve-options.js'
import { checkOptions } from './check-options.js'
import { APP_FLAGS, type AppSettings } from './command.js'
import { envFilesIn, readEnvFiles } from './env-files.js'
import { givenFile, type FileForm } from './file-settings.js'
import { findStart, startOf, type StartCommand } from './find-start.js'
import { checkNeeds, type AnyFlag } from './flag.js'
import type { CliOptions } from './options.js'
import type { CommandLine } from './parse.js'
import { Problems } from './problems.js'
import { masterOptions, valuesOf, withPort, type Settled } from './settle-master.js'

const FLAGS = APP_FLAGS as readonly AnyFlag[]

/** What a configuration file may say of `up [file]`. */
export const APP_FORM: FileForm = { flags: FLAGS, options: UP_OPTIONS, others: ['file', 'proxy'] }

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The working directory: where a package.json says what to run, and relative paths begin. */
  readonly cwd: string
}

/** What `up [file]` is to do, by its command line, the environment and the configuration file, in this order. */
export function settleApp(
  line: CommandLine,
  around: Surroundings,
  config?: LoadedConfig
): Settled<CliOptions> {
  const problems = new Problems(line.problems)
  const fromFile = config === undefined ? new Map<never, never>() : givenFile(config, APP_FORM, problems)
  const settings = checkNeeds(precedence(line.settings, fromFile), FLAGS, problems)
  const up = checkOptions(settings, UP_OPTIONS, resolveOptions, problems)
  const start = problems.attempt(() => startIn(settings, around.cwd))
  checkTransport(settings, problems)
  const done = start && problems.attempt(() => complete(settings, start, up, around))
  return {
    options: problems.list.length === 0 ? done?.options : undefined,
    settings: done?.settings ?? settings,
    problems: problems.list
  }
}

function startIn(settings: Layer, cwd: string): StartCommand {
  const file = settings.get('file')
  return file === undefined ? findStart(cwd) : startOf(asString(file.from.name, file.value))
}

/** What the master cannot do that sees no request. */
const OF_PROXY: Readonly<Record<string, string>> = {
  tlsCert: "TLS ends in the app's own server",
  accessFile: 'the master sees no request'
}

function checkTransport(settings: Layer, problems: Problems): void {
  if (settings.get('transport')?.value !== 'handoff') return
  for (const [name, why] of Object.entries(OF_PROXY)) {
    const entry = settings.get(name)
    const wanted = `absent with --transport handoff: ${why}`
    if (entry !== undefined) problems.add(new OptionError(entry.from.name, entry.value, wanted))
  }
}

function complete(
  settings: Layer,
  start: StartCommand,
  { args = [], ...up }: UpOptions,
  { env, cwd }: Surroundings
): { settings: Layer; options: CliOptions } {
  const {
    watch,
    extensions,
    envFiles = [],
    optionalEnvFiles = [],
    nodeArgs = []
  } = valuesOf<AppSettings>(settings)
  // Node looks for a file in the worker's folder.
  const place = (path: string): string => (up.cwd === undefined ? path : resolve(cwd, path))
  const execArgv = [
    ...start.nodeArgs,
    ...envFiles.map(path => `--env-file=${place(path)}`),
    ...optionalEnvFiles.map(path => `--env-file-if-exists=${place(path)}`),
    ...nodeArgs
  ]
  const allArgs = [...start.args, ...args]
  const files = envFilesIn(execArgv, cwd)
  const allEnv = { ...readEnvFiles(files), ...env, ...start.env }
  const all = withPort(settings, allEnv)
  return {
    settings: all,
    options: {
      file: start.file,
      foundIn: start.foundIn,
      env: start.env,
      envFiles: files.map(({ path }) => path),
      ...masterOptions(all, allEnv, settings.has('port')),
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
}
