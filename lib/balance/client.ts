import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'

/** The client's address: that of the nearest peer whom nobody vouches for. '' if there is none. */
export function clientAddress(req: IncomingMessage, trust: (address: string) => boolean): string {
  if (req.headers['x-forwarded-for'] === undefined) return plainAddress(req.socket.remoteAddress)
  // Over a UNIX socket there is no address.
  const address = proxyAddr(req, (peer: string | undefined) => trust(plainAddress(peer))) as
    string | undefined
  return plainAddress(address)
}

/** Whether the client came by TLS, to us or to a proxy that is believed. */
export function isSecure(req: IncomingMessage, trust: (address: string) => boolean): boolean {
  if ('encrypted' in req.socket && req.socket.encrypted === true) return true
  const claimed = req.headers['x-forwarded-proto']
  if (typeof claimed !== 'string' || !trust(plainAddress(req.socket.remoteAddress))) return false
  return claimed.split(',')[0]?.trim().toLowerCase() === 'https'
}

/** An IPv4 address in plain form also where the listener is dual-stack; '' without any. */
export function plainAddress(address = ''): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
