import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isHttp2 } from '../proxy/http2-client.js'

/** What is taken from a client: as UUIDs, ULIDs, and what tracers and other proxies make. */
const SANE = /^[\w.~+/=:@-]{1,128}$/
const NAME = 'X-Request-Id'
const LOWER = 'x-request-id'

/** The request's `X-Request-Id`: the client's, where it is a sane one, else a new one, which the request has from now on. */
export function requestId(req: IncomingMessage): string {
  const given = req.headers[LOWER]
  if (typeof given === 'string' && SANE.test(given)) return given
  const id = randomUUID()
  const { rawHeaders } = req
  if (given !== undefined)
    for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
      if (rawHeaders[i]?.toLowerCase() === LOWER) rawHeaders.splice(i, 2)
  req.headers[LOWER] = id
  rawHeaders.push(isHttp2(req) ? LOWER : NAME, id)
  return id
}

/** The answer tells the id, too. */
export const REQUEST_ID = NAME
