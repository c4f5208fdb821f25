import { Option, type Command } from 'commander'
import type { Entry, Layer } from '../config/precedence.js'
import { OptionError } from '../errors.js'
import { Problems } from './problems.js'

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
    /** Its variable may be there without what it needs, and says nothing then: a secret that all programs are given. */
    readonly mayIdle?: true
  }
}[keyof Settings & string]

/** Lets a command take these options. */
export function addFlags<Settings>(command: Command, flags: readonly Flag<Settings>[]): void {
  for (const { flags: names, text, repeatable } of flags) {
    const option = new Option(names, text)
    command.addOption(repeatable === true ? option.argParser(append) : option)
  }
}

/** A flag, whatever the settings are that it belongs to. */
export type AnyFlag = Pick<
  Flag<Record<string, unknown>>,
  'flags' | 'sets' | 'read' | 'repeatable' | 'needs' | 'mayIdle'
>

/**
 * What the command line alone sets, checked; nothing of what was not given.
 *
 * @throws {OptionError} `UP_ERR_OPTION`: a value is wrong, or says nothing by itself; names the option as it is typed
 */
export function readFlags<Settings>(command: Command, flags: readonly Flag<Settings>[]): Partial<Settings> {
  const problems = new Problems()
  const all = flags as readonly AnyFlag[]
  const layer = checkNeeds(givenFlags(command, all, problems), all, problems)
  const [first] = problems.list
  if (first !== undefined) throw first
  return Object.fromEntries([...layer].map(([name, { value }]) => [name, value])) as Partial<Settings>
}

/** What the command line sets, checked; nothing of what was not given. */
export function givenFlags(command: Command, flags: readonly AnyFlag[], problems: Problems): Layer {
  const layer = new Map<string, Entry>()
  for (const { flags: names, sets, read } of flags) {
    const option = new Option(names)
    const key = option.attributeName()
    // What is a default of commander's, such as `true` where there is a `--no-...`, nobody has asked for.
    if (command.getOptionValueSource(key) !== 'cli') continue
    const given = command.getOptionValue(key) as unknown
    // Of two flags that set the same the one that was typed.
    if (option.negate !== (given === false)) continue
    const name = option.long ?? key
    const value = problems.attempt(() => read(name, given))
    if (value !== undefined) layer.set(sets, { value, from: { kind: 'flag', place: name, name } })
  }
  return layer
}

/**
 * Finds settings that say nothing by themselves, and lack what they need.
 *
 * @returns the others
 */
export function checkNeeds(settings: Layer, flags: readonly AnyFlag[], problems: Problems): Layer {
  const left = new Map(settings)
  for (const { sets, needs, mayIdle } of flags) {
    const entry = settings.get(sets)
    const [needed, wanted] = needs?.split(' ') ?? []
    const setsNeeded = flags.find(({ flags: names }) => new Option(names).long === needed)?.sets
    if (entry === undefined || needed === undefined || setsNeeded === undefined) continue
    const other = settings.get(setsNeeded)
    if (other !== undefined && (wanted === undefined || other.value === wanted)) continue
    const { kind, place, name } = entry.from
    const missing = kind === 'file' ? `${place}: ${setsNeeded}` : needed
    const expected = `${wanted ?? 'there'}, as ${name} is given`
    left.delete(sets)
    if (mayIdle === true && kind === 'environment') continue
    problems.add(new OptionError(other?.from.name ?? missing, other?.value, expected))
  }
  return left
}

function append(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}
