import { Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { Server as NetServer, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { Protocol } from '../worker/messages.js'
import { tellsIdle } from './shared/idle-connections.js'
import { internals } from './shared/internals.js'

export function protocolOf(server: NetServer): Protocol {
  if (server instanceof HttpServer) return 'http'
  if (server instanceof HttpsServer) return 'https'
  const isTls = server instanceof TlsServer
  // The class of http2 servers is not exported.
  if ('updateSettings' in server) return isTls ? 'http2' : 'h2c'
  return isTls ? 'tls' : 'net'
}

/** Whether it can be told its clients. */
export function isHttp(server: NetServer): server is HttpServer | HttpsServer {
  return server instanceof HttpServer || server instanceof HttpsServer
}

/** Whether another process can go on with the server's connections: TLS has a state that can't be taken along. */
export function canMove(server: NetServer): server is HttpServer {
  return server instanceof HttpServer && tellsIdle
}

/** Whether the connection, which began as HTTP, is another protocol's by now. */
export function isUpgraded(socket: Socket): boolean {
  const { parser, _httpMessage } = internals(socket)
  return parser == null && _httpMessage == null
}

/** Whether anybody would answer its clients. By those of other protocols it is not known, and taken for granted. */
export function isAnswering(server: NetServer): boolean {
  const events = {
    net: ['connection'],
    tls: ['secureConnection'],
    http: ['request', 'upgrade', 'connect', 'checkContinue'],
    https: ['request', 'upgrade', 'connect', 'checkContinue']
  }
  const protocol = protocolOf(server)
  return (
    !(protocol in events) ||
    events[protocol as keyof typeof events].some(event => server.listenerCount(event) > 0)
  )
}

/** From now on it takes plain connections as if their handshake were done: TLS is the master's matter. */
export function takePlainConnections(server: HttpsServer): void {
  const emit = server.emit as (event: string | symbol, ...args: unknown[]) => boolean
  Object.assign(server, {
    allowHalfOpen: true,
    noDelay: true,
    emit: (event: string | symbol, ...args: unknown[]) =>
      emit.call(server, event === 'connection' ? 'secureConnection' : event, ...args)
  })
}
