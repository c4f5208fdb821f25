import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasBody } from './upgrade-request.js'

/**
 * Whether it is the client's turn: somebody here reads the request's body, all that came of it has been read, and
 * more is to come.
 */
export function isAwaited(res: ServerResponse): boolean {
  const req: IncomingMessage = res.req
  return (
    !req.complete &&
    !res.headersSent &&
    !req.isPaused() &&
    req.readableLength === 0 &&
    req.readableFlowing !== null &&
    hasBody(req) &&
    (req.headers.expect === undefined || Reflect.get(res, '_sent100') === true)
  )
}
