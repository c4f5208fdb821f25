import type { IncomingMessage } from 'node:http'
import { clientAddress, plainAddress } from '../balance/client.js'
import type { PlainRequest } from '../front/plain-request.js'
import type { AccessEntry } from '../options/access-entry.js'

/** What a request says of itself, as far as the access log tells it. */
export type AccessRequest = Pick<
  AccessEntry,
  'client' | 'method' | 'path' | 'httpVersion' | 'host' | 'userAgent' | 'referer' | 'upgrade'
>

/** As it is now: middleware may change what it likes, and the connection may be gone at the end. */
export function ofMessage(
  req: IncomingMessage,
  upgrade: boolean,
  trust: (address: string) => boolean
): AccessRequest {
  const { method = '', url = '', httpVersion, headers } = req
  return {
    client: addressOf(req, trust),
    method,
    path: url,
    httpVersion,
    host: headers.host,
    userAgent: headers['user-agent'],
    referer: headers.referer,
    upgrade
  }
}

/** Of a request that never became an object: nobody vouches for another client in it. */
export function ofPlain(request: PlainRequest, remoteAddress: string | undefined): AccessRequest {
  const { method, line, version, host, userAgent, referer } = request
  return {
    client: plainAddress(remoteAddress),
    method,
    path: line.slice(method.length + 1, line.lastIndexOf(' ')),
    httpVersion: version,
    host,
    userAgent,
    referer,
    upgrade: false
  }
}

/** Of what did not become a request. */
export function ofNobody(remoteAddress: string | undefined): AccessRequest {
  return {
    client: plainAddress(remoteAddress),
    method: '',
    path: '',
    httpVersion: '',
    host: undefined,
    userAgent: undefined,
    referer: undefined,
    upgrade: false
  }
}

function addressOf(req: IncomingMessage, trust: (address: string) => boolean): string {
  try {
    return clientAddress(req, trust)
  } catch {
    // A function of the user's; who asks it for the request itself finds that out.
    return req.socket.remoteAddress ?? ''
  }
}
