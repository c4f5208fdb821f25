import { OptionError } from '../errors.js'

/** What may stand in a path and means itself (RFC 3986), in segments that are not empty; or the root. */
const PREFIX = /^(?:\/|(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@]+)+)$/

/**
 * Reads the prefix of the paths at which a server answers for itself.
 *
 * @returns without a slash at its end: the root is empty
 * @throws {OptionError} `UP_ERR_OPTION`
 */
export function parseHealthPrefix(option: string, value: unknown): string {
  if (typeof value === 'string' && PREFIX.test(value)) return value === '/' ? '' : value
  throw new OptionError(option, value, "a path such as '/_up', without a slash at its end; or '/'")
}
