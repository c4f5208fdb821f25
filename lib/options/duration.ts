import ms from 'ms'
import { OptionError } from '../errors.js'

/** A time span: a number of milliseconds, or a string such as `'500ms'`, `'10s'`, `'2m'`, `'1h'`. */
export type Duration = number | string

/** The longest delay a timer of Node can have (2^31 - 1 ms, about 24.8 days). */
export const MAX_DURATION_MS = 2_147_483_647

const EXPECTED = `a duration: milliseconds, or a string such as '500ms', '10s' or '2m', from 0 to 24 days`

/**
 * Turns a duration into whole milliseconds.
 *
 * @param option the option's name, for the error
 * @throws {OptionError} `UP_ERR_OPTION`: not a duration, negative, or longer than a timer can be
 */
export function parseDuration(option: string, value: unknown): number {
  const parsed = typeof value === 'string' ? parseText(value) : value
  if (typeof parsed !== 'number' || !(parsed >= 0) || parsed > MAX_DURATION_MS) {
    throw new OptionError(option, value, EXPECTED)
  }
  return Math.round(parsed)
}

/** As {@link parseDuration}, and more than 0. */
export function positiveDuration(option: string, value: unknown): number {
  const parsed = parseDuration(option, value)
  if (parsed === 0) throw new OptionError(option, value, 'a duration greater than 0')
  return parsed
}

function parseText(text: string): number | undefined {
  if (text.trim() === '' || text.length > 100) return undefined
  return ms(text.trim() as ms.StringValue)
}
