import type { ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import { isHttp } from './servers.js'

/** How often it is looked whether connections are left, in milliseconds. */
const LOOK_MS = 50

/** The HTTP/2 sessions of each server whose connections the master does not see. */
const sessions = new WeakMap<NetServer, Set<ServerHttp2Session>>()

/** Remembers what is needed to let the server's connections come to their end: see {@link leave}. */
export function watchSessions(server: NetServer): void {
  const open = new Set<ServerHttp2Session>()
  sessions.set(server, open)
  server.on('session', (session: ServerHttp2Session) => {
    open.add(session)
    session.once('close', () => open.delete(session))
  })
}

/**
 * Has the connections of a server that accepts no more end by themselves: with the next answer, or by GOAWAY
 * (RFC 9113 section 6.8). Resolves when none is left.
 */
export async function leave(server: NetServer): Promise<void> {
  if (isHttp(server)) {
    server.prependListener('request', (_req: unknown, res: ServerResponse) => {
      res.shouldKeepAlive = false
    })
  }
  for (const session of sessions.get(server) ?? []) session.close()
  while ((await connectionsOf(server)) > 0) await new Promise(resolve => setTimeout(resolve, LOOK_MS))
}

function connectionsOf(server: NetServer): Promise<number> {
  return new Promise(resolve => server.getConnections((error, count) => resolve(error === null ? count : 0)))
}
