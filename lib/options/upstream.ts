import { OptionError } from '../errors.js'
import { addressText, type Address } from '../proxy/address.js'
import { ADDRESS_FORMS, readAddress, type AddressTarget } from './address.js'
import { asBoolean, asWhole } from './checks.js'

/**
 * A server that `up` did not start: an address, as {@link AddressTarget} says, and how it takes part.
 *
 * In an object that is `backup` (default false): it is used only while no other is available; and `weight`
 * (1 to 1000, default 1): its share of the requests, relative to the others. As text, both stand behind a
 * `#`, with a comma in between, which no shell minds: `'localhost:2000#weight=3'`, `'unix:/tmp/b.sock#backup'`,
 * `'http://10.0.0.2:8080#backup,weight=3'`.
 */
export type UpstreamTarget =
  | number
  | string
  | URL
  | (Extract<AddressTarget, { port: unknown } | { socketPath: unknown }> & {
      readonly backup?: boolean | undefined
      readonly weight?: number | undefined
    })

/** An upstream, read and checked. */
export interface UpstreamSpec {
  /** Its address as text, in one spelling: `localhost:2000`, `[::1]:2000`, `unix:/tmp/a.sock`. */
  readonly name: string
  readonly address: Address
  readonly backup: boolean
  readonly weight: number
}

type Role = Pick<UpstreamSpec, 'backup' | 'weight'>

const FORMS = `${ADDRESS_FORMS}; behind text or URL '#backup', '#weight=3' or both, '#backup,weight=3'`
const FLAGS = `an upstream with '#backup', '#weight=N' (N from 1 to 1000) or both, '#backup,weight=N'`
const MAX_WEIGHT = 1000
const LISTED = ['backup', 'weight']

/** @throws {OptionError} `UP_ERR_OPTION`: not a form of {@link UpstreamTarget} */
export function parseUpstream(option: string, value: unknown): UpstreamSpec {
  if (typeof value === 'string' || value instanceof URL) return parseText(option, value)
  const role =
    typeof value === 'object' && value !== null ? parseRole(option, value) : { backup: false, weight: 1 }
  return specOf(option, value, value, role)
}

/**
 * @param nameOf what an error calls the one with this index
 * @throws {OptionError} `UP_ERR_OPTION`: not a list, empty, one twice, all of them for backup, or one is wrong
 */
export function parseUpstreams(
  option: string,
  list: unknown,
  nameOf = (i: number): string => `${option}[${i}]`
): readonly UpstreamSpec[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw new OptionError(option, list, 'a list of at least one upstream')
  }
  const names = new Set<string>()
  // Not `map`, which skips what was never set.
  const specs = Array.from(list, (value: unknown, i) => {
    const spec = parseUpstream(nameOf(i), value)
    if (names.has(spec.name)) {
      throw new OptionError(nameOf(i), value, `another upstream: ${spec.name} is in the list already`)
    }
    names.add(spec.name)
    return spec
  })
  if (specs.every(({ backup }) => backup)) {
    throw new OptionError(option, list, 'a list with at least one upstream that is no backup')
  }
  return Object.freeze(specs)
}

function parseText(option: string, value: string | URL): UpstreamSpec {
  const [text, flags] = cut(typeof value === 'string' ? value : value.href)
  const target = typeof value === 'string' ? text : new URL(text)
  return specOf(option, withoutUser(value), target, parseFlags(option, value, flags))
}

function specOf(option: string, given: unknown, target: unknown, role: Role): UpstreamSpec {
  const address = readAddress(target)
  if (typeof address === 'string') {
    throw new OptionError(option, given, address === ADDRESS_FORMS ? FORMS : address)
  }
  return Object.freeze({ name: addressText(address), address: Object.freeze(address), ...role })
}

/** What stands before the `#`, and what behind it, if there is one. */
function cut(text: string): [target: string, flags: string | undefined] {
  const at = text.indexOf('#')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function parseFlags(option: string, value: unknown, flags: string | undefined): Role {
  let backup: true | undefined
  let weight: number | undefined
  for (const flag of flags?.split(',') ?? []) {
    const number = /^weight=([1-9]\d{0,3})$/.exec(flag)?.[1]
    if (flag === 'backup' && backup === undefined) backup = true
    else if (number !== undefined && weight === undefined && Number(number) <= MAX_WEIGHT)
      weight = Number(number)
    else throw new OptionError(option, withoutUser(value), FLAGS)
  }
  return { backup: backup ?? false, weight: weight ?? 1 }
}

function parseRole(option: string, value: object): Role {
  const { backup, weight, ...rest }: Record<string, unknown> = { ...value }
  const known = 'socketPath' in value ? ['socketPath'] : ['port', 'host']
  const odd = Object.keys(rest).find(name => !known.includes(name))
  if (odd !== undefined && known.some(name => name in value)) {
    const names = [...known, ...LISTED].join(', ')
    throw new OptionError(`${option}.${odd}`, rest[odd], `absent: known are ${names}`)
  }
  return {
    backup: asBoolean(`${option}.backup`, backup ?? false),
    weight: asWhole(`${option}.weight`, weight ?? 1, 1, MAX_WEIGHT)
  }
}

/** A password is not for error messages, which end in logs. */
function withoutUser(value: unknown): unknown {
  const text = value instanceof URL ? value.href : value
  return typeof text === 'string' && /^[a-z]+:\/\/[^/?#]*@/i.test(text)
    ? text.replace(/\/\/.*@/, '//***@')
    : value
}
