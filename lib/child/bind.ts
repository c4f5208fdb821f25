import { once } from 'node:events'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import { UpError } from '../errors.js'
import type { Bind } from '../worker/messages.js'
import { keepConnections } from './keep-connections.js'
import type { Servable } from './servable.js'
import { isHttp, takePlainConnections } from './servers.js'

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

/** Where: for the master alone, or on a port that workers share. */
type Place = Bind | 'shared'

/** Listens where the master wants it. Rejects with what `listen` emits as an error. */
export async function bind(servable: Servable, where: Place): Promise<Bound> {
  if (servable.kind === 'listen') return bindOwn(servable.listen, where)
  const { server } = servable
  if (where !== 'shared') {
    if (isHttp(server)) keepConnections(server)
    // TLS is the master's matter.
    if (server instanceof HttpsServer) takePlainConnections(server)
  }
  server.listen({ ...listenOptions(where), backlog: BACKLOG })
  await once(server, 'listening')
  return describe(server)
}

/**
 * An object's own `listen`, called as `listen(path, callback)` or `listen(port, host, callback)`. What
 * it returns tells when it listens, if that is a server or a promise; otherwise the callback does.
 */
async function bindOwn(listen: (...args: unknown[]) => unknown, where: Place): Promise<Bound> {
  const args = where === 'shared' ? [0] : 'socketPath' in where ? [where.socketPath] : [0, where.host]
  let returned: unknown
  await new Promise<void>((resolve, reject) => {
    returned = listen(...args, (error: unknown) => (error instanceof Error ? reject(error) : resolve()))
    if (returned instanceof NetServer) returned.once('listening', resolve).once('error', reject)
    else if (isThenable(returned)) returned.then(() => resolve(), reject)
  })
  const server = await returned
  if (!(server instanceof NetServer)) return withoutServer(where)
  if (isHttp(server) && where !== 'shared') keepConnections(server)
  return describe(server)
}

function withoutServer(where: Place): Bound {
  if (where === 'shared' || 'socketPath' in where) return { port: undefined, http: false, close: () => {} }
  const why =
    'the exported `listen` returns no server, so its port is unknown; expected a Server, or a promise of one'
  throw new UpError('UP_ERR_EXPORT', `${why} (or the option workerBind: 'socket')`)
}

function listenOptions(where: Place): { path: string } | { port: number; host?: string } {
  if (where === 'shared') return { port: 0 }
  return 'socketPath' in where ? { path: where.socketPath } : { port: 0, host: where.host }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function describe(server: NetServer): Bound {
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : undefined,
    http: isHttp(server),
    close() {
      if (server.listening) server.close()
      if (isHttp(server)) server.closeIdleConnections()
    }
  }
}
