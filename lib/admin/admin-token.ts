import { createHash, timingSafeEqual } from 'node:crypto'
import { OptionError } from '../errors.js'

const MIN_LENGTH = 16

/**
 * Checks a token that somebody has chosen. The message does not repeat it: errors are logged.
 *
 * @throws {OptionError} `UP_ERR_OPTION`
 */
export function checkAdminToken(name: string, value: unknown): string {
  // RFC 6750, section 2.1: what can be a token. In bytes, as it travels.
  if (typeof value === 'string' && /^[\w.~+/-]+=*$/.test(value) && value.length >= MIN_LENGTH) return value
  const hidden = typeof value === 'string' ? `${value.length} characters long` : value
  throw new OptionError(
    name,
    hidden,
    `of ${MIN_LENGTH} characters or more: letters, digits and - . _ ~ + /, then any =`
  )
}

/** Whether a request's Authorization field carries the token; takes as long whatever it carries. */
export function carriesToken(authorization: string | undefined, token: string): boolean {
  const [, given = ''] = /^bearer +([^ ]+) *$/i.exec(authorization ?? '') ?? []
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
