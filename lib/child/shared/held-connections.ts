import type { Server as NetServer, Socket } from 'node:net'
import type { RawHandle } from '../../handles/raw-handle.js'
import { isHttp } from '../servers.js'
import type { Http2Sessions } from './http2-sessions.js'
import { idleConnections } from './idle-connections.js'
import { internals } from './internals.js'

/** What a server has that cannot move. */
export interface Immovable {
  readonly server: NetServer
  /** Connections, of TCP or of a UNIX socket. */
  readonly connections: ReadonlyMap<Socket, unknown>
  /** Those of HTTP inside TLS. */
  readonly secure: ReadonlySet<Socket>
  readonly http2: Http2Sessions | undefined
}

/** Connections that have to wait where they are during a pause: nothing is read of those that are quiet. */
export class HeldConnections {
  readonly #of: Immovable
  readonly #held = new Set<Socket>()
  /** Whose timeouts do not run meanwhile, and what these are. */
  readonly #timeouts = new Map<Socket, number>()

  constructor(of: Immovable) {
    this.#of = of
  }

  /** To be called again when one may have become quiet. */
  hold(): void {
    const busy = this.#findBusy()
    for (const socket of this.#of.connections.keys()) {
      const { _handle: handle } = internals(socket)
      if (handle === null || busy.has(handle) || this.#held.has(socket)) continue
      handle.readStop?.()
      this.#held.add(socket)
    }
    // Else one would be closed though it has a request that nobody reads.
    for (const socket of this.#of.secure) {
      if (busy.has(bottomOf(socket)) || this.#timeouts.has(socket) || !socket.timeout) continue
      this.#timeouts.set(socket, socket.timeout)
      socket.setTimeout(0)
    }
  }

  letGo(): void {
    for (const socket of this.#held) internals(socket)._handle?.readStart?.()
    for (const [socket, timeout] of this.#timeouts) if (!socket.destroyed) socket.setTimeout(timeout)
    this.#held.clear()
    this.#timeouts.clear()
  }

  /** Those that have a request under way, or are another protocol's by now. */
  #findBusy(): Set<RawHandle | null> {
    const { server, secure, http2 } = this.#of
    const busy = new Set<RawHandle | null>()
    const sessions = new Map(http2?.open.map(({ session, streams }) => [bottomOf(session.socket), streams]))
    for (const [handle, streams] of sessions) if (streams > 0) busy.add(handle)
    const idle = isHttp(server) ? idleConnections(server, secure) : undefined
    for (const socket of secure) {
      const handle = bottomOf(socket)
      const { parser, _httpMessage } = internals(socket)
      // A server of HTTP/2 does not tell which of those of HTTP/1.1 are idle.
      const isQuiet = idle?.has(socket) ?? (sessions.has(handle) || (parser != null && _httpMessage == null))
      if (!isQuiet) busy.add(handle)
    }
    return busy
  }
}

/** The handle of what is below TLS, or of the connection itself. */
function bottomOf(socket: Socket): RawHandle | null {
  const { _parent, _handle } = internals(socket)
  return _parent == null ? _handle : internals(_parent)._handle
}
