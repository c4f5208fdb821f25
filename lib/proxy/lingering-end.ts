import type { Duplex } from 'node:stream'

/** How long a client may take to receive what is left for it, in milliseconds. */
const SEND_MS = 30_000
/** How long it has to close its side after we ended ours, in milliseconds. */
const LINGER_MS = 2000

/**
 * Ends a socket so that the client gets all that was written: closing it at once, with bytes of the
 * client's unread, would reset the connection and lose the answer (RFC 9112 section 9.6). What the
 * client still sends is read and dropped.
 */
export function lingeringEnd(socket: Duplex, text = ''): void {
  const close = (): void => void socket.destroy()
  let timer = setTimeout(close, SEND_MS)
  socket
    .once('finish', () => {
      clearTimeout(timer)
      timer = setTimeout(close, LINGER_MS)
    })
    .once('close', () => clearTimeout(timer))
    .resume()
    .end(text, 'latin1')
}
