import type { IncomingMessage, ServerResponse } from 'node:http'

/** What is forwarded: everything but TRACE, which ends here, and CONNECT, which is refused. */
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/**
 * Answers a request that may go no further: TRACE and OPTIONS with `Max-Forwards: 0` (RFC 9110 section 7.6.2).
 *
 * TRACE is refused: its answer would show the client what proxies in front of us added to the request.
 *
 * @returns whether it was one
 */
export function endsHere(req: IncomingMessage, res: ServerResponse): boolean {
  const { method } = req
  if ((method !== 'OPTIONS' && method !== 'TRACE') || !/^0+$/.test(String(req.headers['max-forwards'])))
    return false
  res.writeHead(method === 'OPTIONS' ? 200 : 405, { Allow: ALLOW, 'Content-Length': 0 })
  res.end()
  return true
}
