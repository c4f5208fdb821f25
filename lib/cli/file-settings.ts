import { Option } from 'commander'
import type { LoadedConfig } from '../config/config-file.js'
import type { Entry, Layer } from '../config/precedence.js'
import { suggest } from '../config/suggest.js'
import { show, UpError } from '../errors.js'
import type { AnyFlag } from './flag.js'
import type { Problems } from './problems.js'

/** What may be in a configuration file, or in a part of it. */
export interface FileForm {
  readonly flags: readonly AnyFlag[]
  /** Names of the library's options, which it checks itself. */
  readonly options: Readonly<Record<string, true>>
  /** Further names. */
  readonly others: readonly string[]
}

/** Names that mean something elsewhere, and what to take instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  listen: 'port and host say that',
  execArgv: 'nodeArgs says that',
  accessLog: 'accessFile says that',
  output: 'logFormat says what lines look like',
  config: 'a file cannot name another'
}

/** What a configuration file sets: what the library does not check is checked, and nothing is left that is not known. */
export function givenFile(config: LoadedConfig, form: FileForm, problems: Problems): Layer {
  const names = namesOf(form)
  const layer = new Map<string, Entry>()
  for (const [key, given] of Object.entries(config.values)) {
    if (given === undefined) continue
    const name = `${config.label}: ${config.prefix ?? ''}${key}`
    if (!names.includes(key)) {
      problems.add(unknown(name, key, given, form))
      continue
    }
    const value = problems.attempt(() => readValue(name, key, given, form))
    if (value !== undefined) layer.set(key, { value, from: { kind: 'file', place: config.label, name } })
  }
  return layer
}

/** All names that a configuration file, or that part of it, may have. */
export function namesOf({ flags, options, others }: FileForm): string[] {
  const all = new Set([...others, ...flags.map(({ sets }) => sets), ...Object.keys(options)])
  return [...all].filter(name => !Object.hasOwn(ELSEWHERE, name))
}

function readValue(name: string, key: string, given: unknown, { flags, options, others }: FileForm): unknown {
  if (Object.hasOwn(options, key) || others.includes(key)) return given
  const own = flags.filter(({ sets }) => sets === key)
  const flag = own.find(({ flags: names }) => new Option(names).negate === (given === false)) ?? own[0]
  if (flag === undefined) return given
  return flag.read(name, flag.repeatable === true && !Array.isArray(given) ? [given] : given)
}

function unknown(name: string, key: string, given: unknown, form: FileForm): UpError {
  const names = namesOf(form)
  const asFlag = form.flags.find(({ flags }) => plain(new Option(flags).long ?? '') === plain(key))?.sets
  const meant = asFlag ?? suggest(key, names)
  const advice =
    (Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined) ??
    (meant === undefined ? `known are ${names.join(', ')}` : `did you mean ${meant}?`)
  return new UpError('UP_ERR_OPTION', `${name} is ${show(given)}, but there is no such setting: ${advice}`)
}

/** A flag's name, and how it may be written in a file by mistake, alike. */
function plain(name: string): string {
  return name.replace(/[^A-Za-z\d]/g, '').toLowerCase()
}
