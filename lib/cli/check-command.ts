import { Command } from 'commander'
import { APP_FLAGS } from './command.js'
import { addFlags } from './flag.js'

/** What `up check` has beside the options of `up`. */
export interface CheckOptions {
  readonly json?: boolean
}

/** Describes the command line of `up check [file]`. */
export function createCheckCommand(version: string): Command {
  const command = new Command('up check')
    .description('Checks the configuration, and shows each setting and where it comes from.')
    .usage('[options] [file] [-- <arguments of the app>]')
    .argument('[file]', 'as of up')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', AFTER)
  addFlags(command, APP_FLAGS)
  // They are in the help of `up`.
  for (const option of command.options) if (option.long !== '--version') option.hideHelp()
  return command.option('--json', 'print JSON')
}

const AFTER = `
And all options of up: see up --help.

What counts: an option of the command line, then UP_<NAME> in the environment
(--max-held is UP_MAX_HELD), then the configuration file, then the default.

Exit codes: 0 all is right, 2 something is wrong, and all of that is told.
`
