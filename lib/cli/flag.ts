import { Option, type Command } from 'commander'
import { OptionError } from '../errors.js'

/** One option of a command: how it is typed, what the help says, what it sets, and how its value is read. */
export type Flag<Settings> = {
  [Name in keyof Settings & string]-?: {
    /** As commander reads it: `-p, --port <port>`. */
    readonly flags: string
    readonly text: string
    readonly sets: Name
    /** Checks and converts what was given: text; `true` or `false` of a switch; a list of what may be repeated. */
    readonly read: (name: string, value: unknown) => Exclude<Settings[Name], undefined>
    readonly repeatable?: true
    /** Another, without which this one would say nothing: its long name, perhaps with the value that it must have. */
    readonly needs?: string
  }
}[keyof Settings & string]

/** Lets a command take these options. */
export function addFlags<Settings>(command: Command, flags: readonly Flag<Settings>[]): void {
  for (const { flags: names, text, repeatable } of flags) {
    const option = new Option(names, text)
    command.addOption(repeatable === true ? option.argParser(append) : option)
  }
}

/**
 * What the command line sets, checked; nothing of what was not given.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: a value is wrong, or says nothing by itself; names the option as it is typed
 */
export function readFlags<Settings>(command: Command, flags: readonly Flag<Settings>[]): Partial<Settings> {
  const given = flags.flatMap(flag => {
    const option = new Option(flag.flags)
    const key = option.attributeName()
    // What is a default of commander's, such as `true` where there is a `--no-...`, nobody has asked for.
    if (command.getOptionValueSource(key) !== 'cli') return []
    return [{ ...flag, name: option.long ?? key, value: command.getOptionValue(key) as unknown }]
  })
  for (const { name, needs } of given) {
    const [needed, wanted] = needs?.split(' ') ?? []
    if (needed === undefined) continue
    const other = given.find(flag => flag.name === needed)
    if (other === undefined || (wanted !== undefined && other.value !== wanted))
      throw new OptionError(needed, other?.value, `${wanted ?? 'there'}, as ${name} is given`)
  }
  const settings = given.map(({ name, sets, read, value }) => [sets, read(name, value)] as const)
  return Object.fromEntries(settings) as Partial<Settings>
}

function append(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}
