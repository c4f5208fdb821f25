import { Command } from 'commander'
import { controlFolder } from '../../instances/control-folder.js'
import { asString } from '../../options/checks.js'
import { addFlags, readFlags, type Flag } from '../flag.js'
import type { Output } from '../output.js'
import { run } from '../parse.js'
import { ControlClient } from './control-client.js'
import { findInstance } from './find-instance.js'

/** What a command works with. */
export interface CommandContext {
  /** Arguments behind the name of the command. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Writes to stdout. */
  readonly print: (text: string) => void
  /** Whether stdout shows colours. */
  readonly coloured: boolean
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean
  /** For what is not the answer itself. */
  readonly out: Output
}

/** A command that looks at programs that run, or steers one. */
export interface ClientCommand {
  readonly name: string
  /** What it does, as the end of "it ...". */
  readonly text: string
  readonly flags: readonly Described[]
  /** Whether it takes the name of a program. */
  readonly takesName: boolean
  /**
   * @returns the exit code; undefined when the help has been printed
   * @throws {UpError} what it was to do failed; match on `code`
   */
  run(context: CommandContext): Promise<number | undefined>
}

interface Described {
  readonly flags: string
  readonly text: string
}

/** What the options of a command set. */
export type Settings<T> = Partial<T>

interface Argument {
  readonly name: string
  readonly text: string
}

interface Spec<T> {
  readonly name: string
  readonly text: string
  /** Its arguments, before the name of the program. */
  readonly first?: readonly Argument[]
  readonly flags: readonly Flag<T>[]
  readonly more?: string
}

/** Which program, in every command that means one. */
interface Place {
  readonly control: string
}

const PLACE: Flag<Place> = {
  flags: '--control <path>',
  text: 'path of the control socket, in place of a name',
  sets: 'control',
  read: asString
}

/** A command about one program that runs. */
export function steeringCommand<T extends object>(
  spec: Spec<T>,
  act: (
    client: ControlClient,
    settings: Settings<T>,
    context: CommandContext,
    given: readonly string[]
  ) => Promise<number>
): ClientCommand {
  const { first = [] } = spec
  return {
    name: spec.name,
    text: spec.text,
    flags: [...spec.flags, PLACE],
    takesName: true,
    async run(context) {
      const command = createClientCommand(spec, context.version)
      command.argument('[name]', "the program's name, as up ls shows it (default: the only one that runs)")
      addFlags(command, [PLACE])
      if (!run(command, context)) return undefined
      const { control } = readFlags<Place>(command, [PLACE])
      const settings = readFlags(command, spec.flags)
      const folder = controlFolder(context.env)
      const path = await findInstance({ control, name: command.args[first.length], folder })
      return act(new ControlClient(path), settings, context, command.args)
    }
  }
}

/** A command about none, or all, of the programs that run. */
export function generalCommand<T extends object>(
  spec: Spec<T>,
  act: (settings: Settings<T>, context: CommandContext, given: readonly string[]) => Promise<number>
): ClientCommand {
  return {
    name: spec.name,
    text: spec.text,
    flags: spec.flags,
    takesName: false,
    async run(context) {
      const command = createClientCommand(spec, context.version)
      if (!run(command, context)) return undefined
      return act(readFlags(command, spec.flags), context, command.args)
    }
  }
}

function createClientCommand<T>({ name, text, first = [], flags, more }: Spec<T>, version: string): Command {
  const command = new Command(`up ${name}`)
    .description(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .allowExcessArguments(false)
  for (const argument of first) command.argument(argument.name, argument.text)
  addFlags(command, flags)
  if (more !== undefined) command.addHelpText('after', `\n${more}\n`)
  return command
}
