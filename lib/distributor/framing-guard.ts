import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isHttp2 } from '../proxy/http2-client.js'
import { adoptHttp2Request } from '../proxy/http2-request.js'
import { assertFraming } from '../proxy/request-framing.js'

/** Connections that end with the answer to a request whose own end is not sure. */
const ending = new WeakSet<Socket>()

/** Whether the request stands behind one that was refused on its connection, and so may be no request. */
export function followsRefused(req: IncomingMessage): boolean {
  return ending.has(req.socket)
}

/**
 * Refuses a request that others could delimit in another way. This cannot wait until it is forwarded: by
 * then node:http may have parsed, and we have forwarded, what follows it.
 *
 * @returns the error to answer with, or undefined for a sound request
 */
export function refuseUnsafe(req: IncomingMessage, res: ServerResponse): unknown {
  if (isHttp2(req)) return refuseUnsafeHttp2(req, res)
  if (req.headers['transfer-encoding'] === undefined) return undefined
  try {
    assertFraming(req)
    return undefined
  } catch (error) {
    ending.add(req.socket)
    res.shouldKeepAlive = false
    return error
  }
}

/** A stream has its own end, whatever its request says: no other request is in danger on this connection. */
function refuseUnsafeHttp2(req: IncomingMessage, res: ServerResponse): unknown {
  try {
    adoptHttp2Request(req, res)
    return undefined
  } catch (error) {
    return error
  }
}
