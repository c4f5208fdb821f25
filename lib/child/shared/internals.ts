import type { Server as NetServer, Socket } from 'node:net'
import type { RawHandle } from '../../handles/raw-handle.js'

/** What node:net keeps with a server, besides what it documents. */
export interface ServerInternals {
  _handle: RawHandle | null
  /** How many connections it has. */
  _connections: number
}

/** What node:net and node:http keep with a connection. */
export interface SocketInternals {
  _handle: RawHandle | null
  /** The answer that is being written. */
  _httpMessage?: object | null
  /** Gone once the connection was upgraded. */
  parser?: object | null
  /** What is below a socket of TLS. */
  _parent?: Socket | null
  server?: NetServer | null
  _server?: NetServer | null
}

export function internals(socket: Socket): Socket & SocketInternals
export function internals(server: NetServer): NetServer & ServerInternals
export function internals(thing: Socket | NetServer): unknown {
  return thing
}
