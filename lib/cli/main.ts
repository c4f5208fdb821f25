import { UpError, type ErrorCode } from '../errors.js'
import { version } from '../server/up.js'
import { check } from './check.js'
import { COMMANDS } from './commands/commands.js'
import { CallError } from './commands/control-client.js'
import { configuredApp, configuredProxy } from './configured.js'
import { headline } from './format.js'
import { Logs } from './logs.js'
import type { LogOptions } from './options.js'
import { Output, surviveBrokenOutput, wantsColour } from './output.js'
import { readAppLine, readProxyLine } from './parse.js'
import { startApp, startProxy } from './start.js'

/** Runs the program `up`, and ends the process with its exit code. */
export async function main(): Promise<void> {
  surviveBrokenOutput()
  // Until the command line is read, nobody has said how lines should look.
  let logs: Logs | undefined
  try {
    const code = await run(process.argv.slice(2), options => (logs = new Logs(options, process, process.env)))
    if (code === undefined) return
    await logs?.close()
    process.exit(code)
  } catch (error) {
    const out = logs?.out ?? new Output(process.stderr, wantsColour(process.stderr, process.env))
    out.error(headline(error))
    await logs?.close()
    process.exit(isUsage(error) ? 2 : 1)
  }
}

/** @returns the exit code; undefined when the help or the version has been printed, and may not be out yet */
async function run(
  args: readonly string[],
  openLogs: (options: LogOptions) => Logs
): Promise<number | undefined> {
  const env = { ...process.env }
  const around = { env, cwd: process.cwd() }
  const rest = { env, version, print: (text: string) => process.stdout.write(text) }
  // As the first word only: anywhere else it may be a module or the value of an option.
  if (args[0] === 'proxy') {
    const line = readProxyLine({ args: args.slice(1), ...rest })
    if (line === undefined) return undefined
    const proxy = await configuredProxy(line, around)
    return startProxy(proxy, openLogs(proxy.options.logs))
  }
  const out = new Output(process.stderr, wantsColour(process.stderr, process.env))
  if (args[0] === 'check') {
    // What it has printed may not be out yet.
    process.exitCode = await check({ args: args.slice(1), ...rest, setVariables }, around, out)
    return undefined
  }
  const command = COMMANDS.find(({ name }) => name === args[0])
  if (command !== undefined) {
    const { stdout } = process
    const coloured = wantsColour(stdout, process.env)
    const context = { ...rest, args: args.slice(1), coloured, isTerminal: stdout.isTTY, out }
    // As above.
    process.exitCode = (await command.run(context)) ?? 0
    return undefined
  }
  const line = readAppLine({ args, ...rest })
  if (line === undefined) return undefined
  const app = await configuredApp(line, around)
  setVariables(app.options.env)
  return startApp(app, openLogs(app.options.logs))
}

/** As the shell would, for the command that is run in its place. */
function setVariables(variables: NodeJS.ProcessEnv): void {
  Object.assign(process.env, variables)
}

/** What is wrong before anything has begun. */
const USAGE: readonly ErrorCode[] = ['UP_ERR_OPTION', 'UP_ERR_USAGE', 'UP_ERR_CONFIG', 'UP_ERR_INSTANCE']

function isUsage(error: unknown): boolean {
  if (error instanceof CallError) return error.isUsage
  return error instanceof UpError && USAGE.includes(error.code)
}
