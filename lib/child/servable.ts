import { createServer, Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { show, UpError } from '../errors.js'

/** Something of the user's that can listen. */
export type Servable =
  | { readonly kind: 'http'; readonly server: HttpServer }
  /** TLS is the master's matter: the server gets plain connections. */
  | { readonly kind: 'https'; readonly server: HttpsServer }
  | { readonly kind: 'net'; readonly server: NetServer }
  /** An object that makes its own server when it is told to listen. */
  | { readonly kind: 'listen'; readonly listen: (...args: unknown[]) => unknown }

const EXPECTED =
  'expected an http, https or net Server, a request listener (an Express app, koa.callback()), or an object ' +
  'with a `server` or a `listen` method, as module.exports or as the default export'

/**
 * Finds what can serve in what the user's module exports.
 *
 * @throws {UpError} `UP_ERR_EXPORT`: nothing that can
 */
export async function toServable(exported: unknown, file: string): Promise<Servable> {
  const value = await exported
  if (value instanceof NetServer) return fromServer(value, file)
  if (typeof value === 'function') return { kind: 'http', server: createServer(value as () => void) }
  if (typeof value === 'object' && value !== null) {
    if ('server' in value && value.server instanceof NetServer) {
      // Fastify and its like have to finish their set-up before their server may be used.
      if ('ready' in value && typeof value.ready === 'function')
        await (value.ready as () => unknown).call(value)
      return fromServer(value.server, file)
    }
    if ('listen' in value && typeof value.listen === 'function') {
      const listen = value.listen as (...args: unknown[]) => unknown
      return { kind: 'listen', listen: (...args) => listen.apply(value, args) }
    }
  }
  throw new UpError('UP_ERR_EXPORT', `${file} exports ${show(value)}, nor does it call listen(); ${EXPECTED}`)
}

function fromServer(server: NetServer, file: string): Servable {
  if (server instanceof HttpServer) return { kind: 'http', server: server as HttpServer }
  if (server instanceof HttpsServer) return { kind: 'https', server: server as HttpsServer }
  if (server instanceof TlsServer || server.constructor.name === 'Http2Server') {
    const why = `exports a ${server.constructor.name}; the master speaks plain HTTP/1.1 to its workers`
    throw new UpError('UP_ERR_EXPORT', `${file} ${why}; ${EXPECTED}`)
  }
  return { kind: 'net', server }
}
