import { Option } from 'commander'
import type { Entry, Layer } from '../config/precedence.js'
import { OptionError } from '../errors.js'
import type { AnyFlag } from './flag.js'
import type { Problems } from './problems.js'
import { shellWords } from './shell-words.js'

type Environment = Readonly<Record<string, string | undefined>>

const SWITCH: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false }

/** The variable that says what a flag says: `--max-held` and `UP_MAX_HELD`, `--no-via` and `UP_VIA`. */
export function variableOf(flag: Pick<AnyFlag, 'flags'>): string {
  const name = new Option(flag.flags).long?.replace(/^--(no-)?/, '') ?? ''
  return `UP_${name.replaceAll('-', '_').toUpperCase()}`
}

/** What variables of the environment set, checked; an empty one says nothing. */
export function givenEnvironment(env: Environment, flags: readonly AnyFlag[], problems: Problems): Layer {
  const layer = new Map<string, Entry>()
  for (const variable of new Set(flags.map(variableOf))) {
    const text = env[variable]
    if (text === undefined || text === '') continue
    const name = `env ${variable}`
    const own = flags.filter(flag => variableOf(flag) === variable)
    const found = problems.attempt(() => readText(own, name, text))
    if (found !== undefined)
      layer.set(found.sets, { value: found.value, from: { kind: 'environment', place: name, name } })
  }
  return layer
}

/** @param flags of one name: one, or a pair with `--no-...` */
function readText(
  flags: readonly AnyFlag[],
  name: string,
  text: string
): { readonly sets: string; readonly value: unknown } | undefined {
  const negating = flags.find(flag => new Option(flag.flags).negate)
  const flag = flags.find(other => other !== negating) ?? negating
  if (flag === undefined) return undefined
  const { sets, read, repeatable } = flag
  if (new Option(flag.flags).isBoolean()) return { sets, value: read(name, asSwitch(name, text)) }
  if (new Option(flag.flags).optional && text === 'true') return { sets, value: read(name, true) }
  if (negating !== undefined && text === 'false') return { sets, value: negating.read(name, false) }
  return { sets, value: read(name, repeatable === true ? asWords(name, text) : text) }
}

function asSwitch(name: string, text: string): boolean {
  const value = Object.hasOwn(SWITCH, text) ? SWITCH[text] : undefined
  if (value === undefined) throw new OptionError(name, text, 'true or false')
  return value
}

function asWords(name: string, text: string): string[] {
  const words = shellWords(text)
  if (words !== undefined) return words
  throw new OptionError(
    name,
    text,
    'words with spaces in between, in quotes what has a space or another sign in it'
  )
}
