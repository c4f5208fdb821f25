import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Whether node:http gave an upgrade request to us although it has a body, which it then leaves
 * unparsed: Java's HttpClient, for one, sends `Upgrade: h2c` with each first request, POST included.
 */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length']
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
}

/**
 * Ignores the wish for an upgrade, as RFC 9110 section 7.8 allows: node:http reads the request again,
 * without its Upgrade field, as an ordinary one with its body.
 */
export function replayWithoutUpgrade(
  server: Server,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer
): void {
  let text = `${req.method ?? 'GET'} ${req.url ?? '/'} HTTP/${req.httpVersion}\r\n`
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? ''
    const value = req.rawHeaders[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection') text += `${name}: ${withoutUpgrade(value)}\r\n`
    else if (lower !== 'upgrade') text += `${name}: ${value}\r\n`
  }
  socket.unshift(Buffer.concat([Buffer.from(text + '\r\n', 'latin1'), head]))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}

function withoutUpgrade(options: string): string {
  return options
    .split(',')
    .map(option => option.trim())
    .filter(option => option.toLowerCase() !== 'upgrade')
    .join(', ')
}
