import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isHttp2 } from '../proxy/http2-client.js'
import { adoptHttp2Request } from '../proxy/http2-request.js'
import { assertFraming } from '../proxy/request-framing.js'
import { assertSound } from '../proxy/request-soundness.js'
import type { ProxiedServer } from './middleware.js'

/** Connections that end with the answer to a request whose own end is not sure. */
const ending = new WeakSet<Socket>()
/** Whether a request of HTTP/1.1 without Host is refused. */
const needsHost = new WeakMap<ProxiedServer, boolean>()

/**
 * Takes the check for Host from node:http: it would answer 400 by itself, and yet give us the requests that
 * stand behind the refused one.
 */
export function takeHostCheck(server: ProxiedServer): void {
  if (needsHost.has(server)) return
  needsHost.set(server, Reflect.get(server, 'requireHostHeader') !== false)
  Reflect.set(server, 'requireHostHeader', false)
}

/** Whether the request stands behind one that was refused on its connection, and so may be no request. */
export function followsRefused(req: IncomingMessage): boolean {
  return ending.has(req.socket)
}

/**
 * Refuses a request that others could delimit, or read, in another way. This cannot wait until it is
 * forwarded: by then node:http may have parsed, and we have forwarded, what follows it.
 *
 * @param res absent for an upgrade
 * @returns the error to answer with, or undefined for a sound request
 */
export function refuseUnsafe(
  server: ProxiedServer,
  req: IncomingMessage,
  res: ServerResponse | undefined
): unknown {
  if (res !== undefined && isHttp2(req)) return refuseUnsafeHttp2(req, res)
  try {
    assertSound(req, needsHost.get(server) !== false)
    if (req.headers['transfer-encoding'] !== undefined) assertFraming(req)
    return undefined
  } catch (error) {
    ending.add(req.socket)
    if (res !== undefined) res.shouldKeepAlive = false
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
