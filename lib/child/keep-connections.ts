import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'

/**
 * An idle connection stays open for so long at least, in milliseconds: longer than the master keeps it
 * (POOL_IDLE_MS), so that the master never sends a request into a connection that is being closed.
 */
const KEEP_ALIVE_MS = 65_000

/** Gives a server that the master forwards to what that needs, also where the app sets it otherwise later. */
export function keepConnections(server: HttpServer | HttpsServer): void {
  // The field that tells the client stands behind all others.
  server.maxHeadersCount ??= 0
  let timeout = atLeast(server.keepAliveTimeout)
  Object.defineProperty(server, 'keepAliveTimeout', {
    configurable: true,
    enumerable: true,
    get: () => timeout,
    set: (value: number) => (timeout = atLeast(value))
  })
}

/** 0 is no limit. */
function atLeast(timeout: number): number {
  return timeout === 0 ? 0 : Math.max(timeout, KEEP_ALIVE_MS)
}
