import { Server as HttpServer } from 'node:http'
import { Socket } from 'node:net'
import { internals } from './internals.js'

/**
 * Whether node:http tells which connections are idle: by its own text, it destroys these. Where that reads otherwise,
 * to ask would be to close them.
 */
export const tellsIdle = /\.destroy\(/.test(String(HttpServer.prototype.closeIdleConnections))

/** Where what would be destroyed is put instead. */
let found: Set<Socket> | undefined

/**
 * To be called once, before there are connections. What is put on a prototype and taken off again, time after time,
 * costs every socket the code that V8 has made for it.
 */
export function prepareIdleConnections(): void {
  const { destroy } = Socket.prototype
  Socket.prototype.destroy = function (this: Socket, error?: Error): Socket {
    if (found === undefined) return destroy.call(this, error)
    found.add(this)
    return this
  }
}

/**
 * Those of a server's connections that have no request: neither one under way nor the first byte of one, also those
 * that never had any.
 *
 * Which connections are between two requests, only node:http knows for certain. It tells when it is asked to close
 * them, as it destroys exactly these; here the call finds nothing destroyed.
 */
export function idleConnections(server: HttpServer, connections: Iterable<Socket>): Set<Socket> {
  const idle = new Set<Socket>()
  if (!tellsIdle) return idle
  // All in one tick: nobody else destroys anything meanwhile.
  found = idle
  try {
    HttpServer.prototype.closeIdleConnections.call(server)
  } finally {
    found = undefined
  }
  // node:http may count one on which nothing has come yet as busy: the time for its head runs.
  for (const socket of connections) if (socket.bytesRead === 0) idle.add(socket)
  for (const socket of idle) if (!isQuiet(socket)) idle.delete(socket)
  return idle
}

/** Nothing is read and not looked at, or written and not sent. */
function isQuiet(socket: Socket): boolean {
  const { _handle, _httpMessage, parser } = internals(socket)
  return (
    !socket.destroyed &&
    _handle != null &&
    _httpMessage == null &&
    // An upgraded one is another protocol's.
    parser != null &&
    socket.readableLength === 0 &&
    !socket.readableEnded &&
    socket.writable &&
    socket.writableLength === 0 &&
    (_handle.writeQueueSize ?? 0) === 0
  )
}
