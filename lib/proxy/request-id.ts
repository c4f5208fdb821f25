import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isHttp2 } from './http2-client.js'

/** The field that names a request, to the upstream and, in its answer, to the client. */
export const REQUEST_ID = 'X-Request-Id'
const LOWER = 'x-request-id'
/** What is taken from a client: as UUIDs, ULIDs, and what tracers and other proxies make. */
const SANE = /^[\w.~+/=:@-]{1,128}$/

/** Whether a client's id is one that logs and upstreams can be given. */
export function isSaneId(given: unknown): given is string {
  return typeof given === 'string' && SANE.test(given)
}

export function newId(): string {
  return randomUUID()
}

/** The request's id: the client's, where it is a sane one, else a new one, which the request has from now on. */
export function requestId(req: IncomingMessage): string {
  const given = req.headers[LOWER]
  if (isSaneId(given)) return given
  const id = newId()
  const { rawHeaders } = req
  if (given !== undefined)
    for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
      if (rawHeaders[i]?.toLowerCase() === LOWER) rawHeaders.splice(i, 2)
  req.headers[LOWER] = id
  rawHeaders.push(isHttp2(req) ? LOWER : REQUEST_ID, id)
  return id
}

/** Whether a field has this name. */
export function isRequestId(name: string): boolean {
  return name.length === LOWER.length && name.toLowerCase() === LOWER
}

/** The line that tells an id, in a head. */
export function idLine(id: string): string {
  return `${REQUEST_ID}: ${id}\r\n`
}
