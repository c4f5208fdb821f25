import { OptionError } from '../errors.js'
import { isInstanceName, NAME_FORM } from '../instances/instances.js'
import { asOneOf, asString, asWhole } from '../options/checks.js'

/** Reads the value of an option; its name is for the error. */
type Read<T> = (name: string, value: unknown) => T

/** A whole number, written in digits. */
export function whole(min: number, max?: number): Read<number> {
  return (name, value) => asWhole(name, fromDigits(value), min, max)
}

export function oneOf<T extends string>(allowed: readonly T[]): Read<T> {
  return (name, value) => asOneOf(name, value, allowed)
}

/** Each value of an option that may be repeated. */
export function each<T>(read: Read<T>): Read<T[]> {
  return (name, values) => (values as unknown[]).map(value => read(name, value))
}

/** The text as it is, once it has been checked. */
export function checkedBy(check: Read<unknown>): Read<string> {
  return (name, value) => {
    check(name, value)
    return String(value)
  }
}

export function asPort(name: string, value: unknown): number {
  const port = fromDigits(value)
  if (typeof port === 'number' && port <= 65_535) return port
  throw new OptionError(name, value, 'a port: a whole number from 0 (any free one) to 65535')
}

export function asHost(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[^\s/\0]+$/.test(value)) return value
  throw new OptionError(name, value, 'an address or host name of this machine')
}

export function asInstanceName(name: string, value: unknown): string {
  if (typeof value === 'string' && isInstanceName(value)) return value
  throw new OptionError(name, value, NAME_FORM)
}

/** Of `--control` and of `--no-control`, which are one to commander. */
export function asControl(name: string, value: unknown): string | false {
  return value === false ? false : asString(name, value)
}

/** The names in a list of file extensions, without their dots. */
export function asExtensions(name: string, value: unknown): string[] {
  return String(value)
    .split(',')
    .map(item => {
      const extension = item.trim().replace(/^\*?\./, '')
      if (/^[\w-]+(\.[\w-]+)*$/.test(extension)) return extension
      throw new OptionError(name, value, 'a list of file extensions, such as html,css')
    })
}

/** Digits as a number; anything else as it is. */
function fromDigits(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
}
