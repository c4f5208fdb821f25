import type { IncomingMessage } from 'node:http'
import { UpError } from '../errors.js'

/**
 * Makes sure that everybody sees the end of the request's body at the same place (RFC 9112 section 6.1).
 *
 * @throws {UpError} `UP_ERR_BAD_REQUEST`: node:http takes more codings, and more versions, than others do
 */
export function assertFraming(req: IncomingMessage): void {
  const codings = valuesOf(req, 'transfer-encoding')
  if (codings.length === 0) return
  const safe =
    codings.length === 1 &&
    codings[0]?.toLowerCase() === 'chunked' &&
    (req.httpVersionMajor > 1 || req.httpVersionMinor > 0) &&
    valuesOf(req, 'content-length').length === 0
  if (safe) return
  const shown = JSON.stringify(codings.join(', '))
  throw new UpError(
    'UP_ERR_BAD_REQUEST',
    `the request's Transfer-Encoding ${shown} cannot be forwarded safely`
  )
}

/** As the client sent them: middleware may have changed `req.headers`. */
function valuesOf(req: IncomingMessage, name: string): string[] {
  return req.rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1]?.toLowerCase() === name)
}
