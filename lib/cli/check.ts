import { ConfigFile, type LoadedConfig } from '../config/config-file.js'
import { resolveModule } from '../options/module-path.js'
import { createCheckCommand, type CheckOptions } from './check-command.js'
import { appRows, proxyRows, type Row } from './check-rows.js'
import { textOf } from './check-text.js'
import { misspelt } from './misspelt.js'
import type { CliOptions } from './options.js'
import type { Output } from './output.js'
import { readAppLine, readProxyLine, type CommandLine, type ParseInput } from './parse.js'
import { Problems } from './problems.js'
import { settleApp, type Surroundings } from './settle-app.js'
import { settleProxy } from './settle-proxy.js'
import { readTls } from './tls.js'

interface CheckInput extends ParseInput {
  /** Makes variables part of the environment: NODE_ENV decides defaults. */
  readonly setVariables: (env: CliOptions['env']) => void
}

/** What `up check` has found. */
interface Found {
  readonly config: LoadedConfig | undefined
  readonly app: readonly Row[]
  readonly proxy: readonly Row[]
  readonly problems: Problems
}

/**
 * Says what each setting would be, and where it comes from; or all that is wrong.
 *
 * @returns the exit code; undefined when the help or the version was asked for, and has been printed
 * @throws {UpError} `UP_ERR_USAGE`: an unknown option, an argument too many
 */
export async function check(
  input: CheckInput,
  around: Surroundings,
  out: Output
): Promise<number | undefined> {
  const command = createCheckCommand(input.version)
  const line = readAppLine(input, command)
  if (line === undefined) return undefined
  const problems = new Problems()
  const config = await problems.attemptAsync(() => new ConfigFile(around.cwd, line.config).read(around))
  const found: Found = {
    config,
    app: checkApp(line, input, around, config, problems),
    proxy: checkProxy(input, around, config, problems),
    problems
  }
  if (command.opts<CheckOptions>().json === true) input.print(asJson(found))
  else if (problems.list.length === 0) input.print(textOf([...found.app, ...found.proxy]))
  else for (const { message } of problems.list) out.error(message)
  for (const note of misspelt(around.env)) out.warn(note)
  return problems.list.length === 0 ? 0 : 2
}

function checkApp(
  line: CommandLine,
  { setVariables }: CheckInput,
  around: Surroundings,
  config: LoadedConfig | undefined,
  problems: Problems
): readonly Row[] {
  const { options, settings, problems: more } = settleApp(line, around, config)
  // A folder for `up proxy` alone has no app, and need not have one.
  const names = Object.keys(config?.values ?? {})
  const isProxyAlone = names.length === 1 && names[0] === 'proxy' && !settings.has('file')
  if (isProxyAlone && more.length === 1 && more[0]?.code === 'UP_ERR_USAGE') return []
  for (const problem of more) problems.add(problem)
  if (options === undefined) return []
  setVariables(options.env)
  problems.attempt(() => resolveModule(options.file, around.cwd, settings.get('file')?.from.name))
  problems.attempt(() => options.tls && readTls(options.tls))
  return appRows(options, settings)
}

function checkProxy(
  { env, version }: CheckInput,
  around: Surroundings,
  config: LoadedConfig | undefined,
  problems: Problems
): readonly Row[] {
  const line = readProxyLine({ args: [], env, version, print: () => {} })
  if (config?.values['proxy'] === undefined || line === undefined) return []
  const { settings, problems: more } = settleProxy(line, around, config)
  // The command line may name the upstreams. What the environment says wrong has been found before.
  const isNew = ({ message }: Error): boolean => problems.list.every(known => known.message !== message)
  const own = more.filter(problem => problem.code !== 'UP_ERR_USAGE' && isNew(problem))
  for (const problem of own) problems.add(problem)
  return problems.list.length === 0 ? proxyRows(settings) : []
}

function asJson({ config, app, proxy, problems }: Found): string {
  const values = [...app, ...proxy].map(({ name, value, from }) => [name, { value, from }] as const)
  const settings = Object.fromEntries(problems.list.length === 0 ? values : [])
  const errors = problems.list.map(({ code, message }) => ({ code, message }))
  return `${JSON.stringify({ ok: errors.length === 0, config: config?.label ?? null, settings, errors }, null, 2)}\n`
}
