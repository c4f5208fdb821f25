import { UpError } from '../errors.js'
import { version } from '../server/up.js'
import { COMMANDS } from './commands/commands.js'
import { CallError } from './commands/control-client.js'
import { headline } from './format.js'
import { Logs } from './logs.js'
import type { LogOptions } from './options.js'
import { Output, surviveBrokenOutput, wantsColour } from './output.js'
import { parseArgs, parseProxyArgs } from './parse.js'
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
  const rest = { env: process.env, version, print: (text: string) => process.stdout.write(text) }
  // As the first word only: anywhere else it may be a module or the value of an option.
  if (args[0] === 'proxy') {
    const options = parseProxyArgs({ args: args.slice(1), ...rest })
    return options && startProxy(options, openLogs(options.logs))
  }
  const command = COMMANDS.find(({ name }) => name === args[0])
  if (command !== undefined) {
    const { stdout } = process
    const coloured = wantsColour(stdout, process.env)
    const code = await command.run({
      ...rest,
      args: args.slice(1),
      coloured,
      isTerminal: stdout.isTTY,
      out: new Output(process.stderr, wantsColour(process.stderr, process.env))
    })
    // What it has printed may not be out yet.
    process.exitCode = code ?? 0
    return undefined
  }
  const options = parseArgs({ args, cwd: process.cwd(), ...rest })
  // As the shell would, for the command that is run in its place.
  Object.assign(process.env, options?.env)
  return options && startApp(options, openLogs(options.logs))
}

const USAGE = ['UP_ERR_OPTION', 'UP_ERR_USAGE', 'UP_ERR_INSTANCE']

function isUsage(error: unknown): boolean {
  if (error instanceof CallError) return error.isUsage
  return error instanceof UpError && USAGE.includes(error.code)
}
