import { once } from 'node:events'
import { Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { createServer, Server as NetServer } from 'node:net'
import { UpError } from '../errors.js'
import type { Bind } from '../worker/messages.js'
import type { Servable } from './servable.js'

/** How a worker listens. */
export interface Bound {
  /** The port, unless it listens on a UNIX socket. */
  readonly port: number | undefined
  /** Whether it is an http server of this process, which can be told its clients. */
  readonly http: boolean
  /** Takes no more connections, and closes idle ones. */
  close(): void
}

/** So many connections may wait to be accepted: a burst must not fail. */
const BACKLOG = 4096
/**
 * An idle connection stays open for so long at least, in milliseconds: longer than the master keeps it
 * (POOL_IDLE_MS), so that the master never sends a request into a connection that is being closed.
 */
const KEEP_ALIVE_MS = 65_000

/** Listens where the master wants it. Rejects with what `listen` emits as an error. */
export async function bind(servable: Servable, where: Bind): Promise<Bound> {
  if (servable.kind === 'listen') return bindOwn(servable.listen, where)
  const { kind, server } = servable
  if (kind === 'http' || kind === 'https') keepConnections(server)
  const listener = kind === 'https' ? plainFront(server) : server
  listener.listen({ ...listenOptions(where), backlog: BACKLOG })
  await once(listener, 'listening')
  return describe(listener, server)
}

/**
 * An object's own `listen`, called as `listen(path, callback)` or `listen(port, host, callback)`. What
 * it returns tells when it listens, if that is a server or a promise; otherwise the callback does.
 */
async function bindOwn(listen: (...args: unknown[]) => unknown, where: Bind): Promise<Bound> {
  const args = 'socketPath' in where ? [where.socketPath] : [0, where.host]
  let returned: unknown
  await new Promise<void>((resolve, reject) => {
    returned = listen(...args, (error: unknown) => (error instanceof Error ? reject(error) : resolve()))
    if (returned instanceof NetServer) returned.once('listening', resolve).once('error', reject)
    else if (isThenable(returned)) returned.then(() => resolve(), reject)
  })
  const server = await returned
  if (server instanceof HttpServer || server instanceof HttpsServer) keepConnections(server)
  if (server instanceof NetServer) return describe(server, server)
  if ('socketPath' in where) return { port: undefined, http: false, close: () => {} }
  const why =
    'the exported `listen` returns no server, so its port is unknown; expected a Server, or a promise of one'
  throw new UpError('UP_ERR_EXPORT', `${why} (or the option workerBind: 'socket')`)
}

function listenOptions(where: Bind): { path: string } | { port: number; host: string } {
  return 'socketPath' in where ? { path: where.socketPath } : { port: 0, host: where.host }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Hands plain connections to an https server as if their handshake were done. */
function plainFront(server: HttpsServer): NetServer {
  const front = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    server.emit('secureConnection', socket)
  })
  return front
}

function keepConnections(server: HttpServer | HttpsServer): void {
  // The field that tells the client stands behind all others.
  server.maxHeadersCount ??= 0
  // 0 is no limit.
  if (server.keepAliveTimeout !== 0)
    server.keepAliveTimeout = Math.max(server.keepAliveTimeout, KEEP_ALIVE_MS)
}

function describe(listener: NetServer, server: NetServer): Bound {
  const address = listener.address()
  const http = server instanceof HttpServer || server instanceof HttpsServer
  return {
    port: typeof address === 'object' && address !== null ? address.port : undefined,
    http,
    close() {
      if (listener.listening) listener.close()
      if (http) server.closeIdleConnections()
    }
  }
}
