import { OptionError } from '../errors.js'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Reads the option `via`: the pseudonym for the Via field, or undefined for no such field.
 *
 * @throws {OptionError} `UP_ERR_OPTION`
 */
export function parseVia(option: string, value: unknown): string | undefined {
  if (value === false) return undefined
  if (value === true) return 'up'
  if (typeof value === 'string' && TOKEN.test(value)) return value
  throw new OptionError(option, value, "true, false, or a pseudonym without spaces, such as 'edge-1'")
}
