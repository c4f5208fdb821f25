import type { Duplex } from 'node:stream'

/** How long a client has to close its side after we ended ours, in milliseconds. */
const LINGER_MS = 2000

/**
 * Ends a socket so that the client gets all that was written: closing it at once, with bytes of the
 * client's unread, would reset the connection and lose the answer (RFC 9112 section 9.6). What the
 * client still sends is read and dropped.
 */
export function lingeringEnd(socket: Duplex, text = ''): void {
  socket.end(text, 'latin1')
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
