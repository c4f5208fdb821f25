import type { Socket } from 'node:net'

/** What is asked of a request here: over which connection it came. */
interface Received {
  readonly socket: Socket
}

/** What a client's `X-Forwarded-*` fields said. */
export interface ForwardedFields {
  for: string
  proto: string
  host: string
}

/**
 * The `X-Forwarded-*` field lines for the upstream. What the client claimed is replaced, unless the
 * peer is trusted: then the peer's address is appended to the claimed chain, and protocol and host stay.
 *
 * @param given names of fields that have their line already
 */
export function forwardedLines(
  req: Received,
  host: string,
  claimed: ForwardedFields,
  given: ReadonlySet<string>,
  trust: (address: string) => boolean
): string {
  const peer = plainAddress(req.socket.remoteAddress ?? '')
  const trusted = trust(peer)
  const chain = trusted && claimed.for !== '' ? (peer === '' ? claimed.for : `${claimed.for}, ${peer}`) : peer
  const proto = (trusted && claimed.proto) || (isEncrypted(req) ? 'https' : 'http')
  const shownHost = (trusted && claimed.host) || host
  let lines = ''
  if (chain !== '' && !given.has('x-forwarded-for')) lines += `X-Forwarded-For: ${chain}\r\n`
  if (!given.has('x-forwarded-proto')) lines += `X-Forwarded-Proto: ${proto}\r\n`
  if (shownHost !== '' && !given.has('x-forwarded-host')) lines += `X-Forwarded-Host: ${shownHost}\r\n`
  return lines
}

/**
 * The line by which one of our workers learns who the client is: address, port and whether TLS was
 * used. Its name is a secret of master and worker, so nobody else can send it. The worker removes it.
 */
export function clientLine(req: Received, name: string): string {
  const { remoteAddress, remotePort } = req.socket
  return `${name}: ${remoteAddress ?? '-'} ${remotePort ?? 0} ${isEncrypted(req) ? 's' : 'p'}\r\n`
}

function isEncrypted(req: Received): boolean {
  return 'encrypted' in req.socket && req.socket.encrypted === true
}

/** An IPv4 address in plain form also where the listener is dual-stack. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
