import type { Server as NetServer, Socket } from 'node:net'
import type { Load } from '../../worker/handoff-messages.js'
import { canMove, isHttp, isUpgraded } from '../servers.js'
import type { Http2Sessions } from './http2-sessions.js'
import { idleConnections } from './idle-connections.js'
import { internals } from './internals.js'

/** What a server has that others share a port with. */
export interface Loaded {
  readonly server: NetServer
  /** How many connections it has. */
  readonly size: number
  readonly connections: ReadonlyMap<Socket, unknown>
  /** Those of HTTP inside TLS. */
  readonly secure: ReadonlySet<Socket>
  readonly http2: Http2Sessions | undefined
}

/** What it has under way. */
export type ServerLoad = Omit<Load, 'served'>

export function loadOf({ server, size: connections, secure, http2, ...rest }: Loaded): ServerLoad {
  if (http2 !== undefined) {
    const older = [...secure].filter(socket => internals(socket)._httpMessage != null).length
    return { connections, requests: http2.streams + older, upgrades: 0 }
  }
  // Of another protocol nothing is known: its connections are under way until they end.
  if (!isHttp(server)) return { connections, requests: 0, upgrades: connections }
  const open = canMove(server) ? [...rest.connections.keys()] : [...secure]
  const idle = idleConnections(server, open)
  const upgrades = open.filter(isUpgraded).length
  // Not by the size of `idle`: that has also those that are on their way to the master.
  const requests = open.filter(socket => !idle.has(socket) && !isUpgraded(socket)).length
  return { connections, requests, upgrades }
}

export function sumOf(loads: readonly ServerLoad[]): ServerLoad {
  return loads.reduce(add, { connections: 0, requests: 0, upgrades: 0 })
}

function add(a: ServerLoad, b: ServerLoad): ServerLoad {
  return {
    connections: a.connections + b.connections,
    requests: a.requests + b.requests,
    upgrades: a.upgrades + b.upgrades
  }
}
