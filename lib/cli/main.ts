import { UpError } from '../errors.js'
import { version } from '../server/up.js'
import { headline } from './format.js'
import { Output, surviveBrokenOutput, wantsColour } from './output.js'
import { parseArgs } from './parse.js'
import { start } from './start.js'

/** Runs the program `up`, and ends the process with its exit code. */
export async function main(): Promise<void> {
  const out = new Output(process.stderr, wantsColour(process.stderr, process.env))
  surviveBrokenOutput()
  try {
    const options = parseArgs({
      args: process.argv.slice(2),
      env: process.env,
      version,
      print: text => process.stdout.write(text)
    })
    if (options === undefined) return
    process.exit(await start(options, out))
  } catch (error) {
    out.error(headline(error))
    process.exit(isUsage(error) ? 2 : 1)
  }
}

function isUsage(error: unknown): boolean {
  return error instanceof UpError && (error.code === 'UP_ERR_OPTION' || error.code === 'UP_ERR_USAGE')
}
