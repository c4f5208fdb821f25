import type { IncomingMessage } from 'node:http'
import { UpError } from '../errors.js'

/** RFC 3986 section 3.2: a host and perhaps a port, nothing else. */
const HOST = /^(?:\[[0-9A-Za-z:.~!$&'()*+,;=%_-]+\]|[0-9A-Za-z\-._~%!$&'()*+,;=]*)(?::\d*)?$/
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i

/**
 * Makes sure that everybody takes the request for the same one: what node:http lets through of versions,
 * hosts and targets is read in one way by some, in another by others.
 *
 * @param needsHost whether a request of HTTP/1.1 without Host is refused
 * @throws {UpError} `UP_ERR_BAD_REQUEST`
 */
export function assertSound(req: IncomingMessage, needsHost: boolean): void {
  if (req.httpVersionMajor !== 1) throw bad(`its version is ${req.httpVersion}`)
  assertHost(req, needsHost && req.httpVersionMinor > 0)
  const { url = '/' } = req
  if (!url.startsWith('/')) assertTarget(url, req.method)
}

/** RFC 9112 section 3.2. */
function assertHost({ rawHeaders }: IncomingMessage, needed: boolean): void {
  let host: string | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) throw bad('it has more than one Host')
    host = rawHeaders[i + 1] ?? ''
    if (!HOST.test(host)) throw bad(`its Host is ${JSON.stringify(host.slice(0, 80))}`)
  }
  if (host === undefined && needed) throw bad('it has no Host')
}

/** The other forms of RFC 9112 section 3.2: `*`, and absolute URIs, without userinfo (RFC 9110 section 4.2.4). */
function assertTarget(url: string, method: string | undefined): void {
  if (url === '*' && method === 'OPTIONS') return
  const authority = ABSOLUTE.exec(url)?.[1]
  if (authority === undefined || authority === '' || !HOST.test(authority) || authority.startsWith(':'))
    throw bad(`its target is ${JSON.stringify(url.slice(0, 80))}`)
}

function bad(why: string): UpError {
  return new UpError('UP_ERR_BAD_REQUEST', `the request cannot be forwarded safely: ${why}`)
}
