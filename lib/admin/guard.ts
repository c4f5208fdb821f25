import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { ControlError } from '../control/control-error.js'
import { hostInUrl, isLoopback } from './admin-address.js'
import { carriesToken } from './admin-token.js'

export interface GuardOptions {
  /** The host that was asked for. */
  readonly host: string
  /** What clients must know. */
  readonly token: string | undefined
  /** Whether a path is that of the page itself, which is no secret. */
  readonly isPage: (path: string) => boolean
}

type Guard = (req: IncomingMessage, changes: boolean) => void

/** Probes come by any name, know no token, and learn nothing else. */
const PROBES = ['/healthz', '/readyz']

/**
 * Makes what looks at each request first, and refuses those
 *
 * - whose Host is none of this server's: a name of somebody else's may lead here (DNS rebinding);
 * - without the token, where there is one; else from another machine;
 * - that another site's page has made (CSRF), by the Origin or Sec-Fetch-Site that browsers send.
 *
 * The page itself is shown to whoever comes by the right name: browsers open it without a token, which it asks for.
 */
export function createGuard({ host, token, isPage }: GuardOptions): Guard {
  return (req, changes) => {
    const target = req.url ?? ''
    // RFC 9112, section 3.2.2: its host would count, not that of the Host field. No client sends it to a server.
    if (!target.startsWith('/'))
      throw new ControlError(400, 'UP_ERR_BAD_REQUEST', 'the target must be a path')
    const path = target.split('?')[0] ?? ''
    if (!changes && PROBES.includes(path)) return
    const origin = checkHost(req, host)
    if (!changes && isPage(path)) return
    checkOrigin(req, origin)
    if (token !== undefined) checkToken(req, token)
    else if (!isLoopback(req.socket.remoteAddress ?? ''))
      throw forbidden('without --admin-token only this machine may ask')
  }
}

/** @returns the origin that pages of this server have */
function checkHost(req: IncomingMessage, host: string): string {
  const given = valuesOf(req, 'host')
  const [value = ''] = given
  const { localAddress = '', localPort = 0 } = req.socket
  const own = ownHosts(host, localAddress, localPort)
  if (given.length !== 1 || !own.includes(value.toLowerCase())) {
    const was =
      given.length === 1 ? `the Host ${value} is not this server's` : `there are ${given.length} Hosts`
    throw forbidden(`${was}: ask for ${own[0] ?? ''}`)
  }
  return `http://${value.toLowerCase()}`
}

function ownHosts(host: string, localAddress: string, port: number): string[] {
  // An address can't be made to lead somewhere else, as a name can: the one that the client came to is right, too.
  const reached = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  const isWildcard = isIP(host) !== 0 && /^[0:.]+$/.test(host)
  const names = [isWildcard ? reached : host, reached, 'localhost', '127.0.0.1', '::1']
  // Browsers leave the scheme's own port out.
  return names.flatMap(name => {
    const inUrl = hostInUrl(name.toLowerCase())
    return port === 80 ? [inUrl, `${inUrl}:80`] : [`${inUrl}:${port}`]
  })
}

function checkOrigin(req: IncomingMessage, own: string): void {
  const origins = valuesOf(req, 'origin')
  if (origins.some(origin => origin.toLowerCase() !== own))
    throw forbidden(`pages of ${origins.join(', ')} may not ask`)
  // https://www.w3.org/TR/fetch-metadata/: `none` is what the user has typed.
  const sites = valuesOf(req, 'sec-fetch-site')
  if (sites.some(site => site !== 'same-origin' && site !== 'none'))
    throw forbidden('pages of other sites may not ask')
}

function checkToken(req: IncomingMessage, token: string): void {
  const given = valuesOf(req, 'authorization')
  if (given.length === 1 && carriesToken(given[0], token)) return
  const message =
    given.length === 0
      ? 'a token is needed: Authorization: Bearer <what --admin-token says>'
      : 'this is not the token'
  throw new ControlError(401, 'UP_ERR_UNAUTHORIZED', message, { 'WWW-Authenticate': 'Bearer realm="up"' })
}

/** Each value that was sent: node:http joins some, and drops others. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
}

function forbidden(message: string): ControlError {
  return new ControlError(403, 'UP_ERR_FORBIDDEN', message)
}
