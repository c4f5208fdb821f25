import { OptionError } from '../errors.js'

export function asBoolean(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new OptionError(option, value, 'true or false')
  return value
}

export function asString(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new OptionError(option, value, 'a string that is not empty')
  }
  return value
}

export function asStrings(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new OptionError(option, value, 'a list of strings')
  return value.map((item, i) => asString(`${option}[${i}]`, item))
}

export function asWhole(option: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`
    throw new OptionError(option, value, `a whole number ${range}`)
  }
  return value
}

export function asOneOf<T extends string>(option: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find(name => name === value)
  if (found === undefined)
    throw new OptionError(option, value, `one of ${allowed.map(a => `'${a}'`).join(', ')}`)
  return found
}

/** What it takes and gives cannot be checked. */
export function asFunction<T extends (...args: never) => unknown>(option: string, value: unknown): T {
  if (typeof value !== 'function') throw new OptionError(option, value, 'a function')
  return value as T
}

export function asObject(option: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionError(option, value, 'an object')
  }
  return value as Record<string, unknown>
}
