import { IncomingMessage, maxHeaderSize, Server as HttpServer, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import type { Server as NetServer } from 'node:net'
import { MAX_HEAD } from './plain-request.js'

/** What servers of HTTP/1.1 have in common, be they of node:http, node:https, or node:http2 with `allowHTTP1`. */
export type Http1Server = NetServer &
  Pick<HttpServer, 'timeout' | 'maxHeadersCount' | 'keepAliveTimeout'> &
  Partial<
    Pick<
      HttpServer,
      | 'headersTimeout'
      | 'requestTimeout'
      | 'maxRequestsPerSocket'
      | 'closeIdleConnections'
      | 'closeAllConnections'
    >
  >

/** The server, if it serves HTTP/1.1 and nobody gave it classes or limits of his own, which show in how it works. */
export function usualServer(server: NetServer): Http1Server | undefined {
  const http2 = http2Options(server)
  const isHttp1 =
    server instanceof HttpServer || server instanceof HttpsServer || http2?.['allowHTTP1'] === true
  if (!isHttp1 || !hasUsualClasses(server)) return undefined
  if (http2 !== undefined && !hasUsualHttp1Classes(http2)) return undefined
  const limit: unknown = Reflect.get(server, 'maxHeaderSize')
  return (typeof limit === 'number' ? limit : maxHeaderSize) > MAX_HEAD ? (server as Http1Server) : undefined
}

/** What a server of node:http2 was made with. */
function http2Options(server: NetServer): Readonly<Record<string, unknown>> | undefined {
  if (!('updateSettings' in server)) return undefined
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'options')
  const options: unknown = key === undefined ? undefined : Reflect.get(server, key)
  return typeof options === 'object' && options !== null ? { ...options } : undefined
}

function hasUsualHttp1Classes(options: Readonly<Record<string, unknown>>): boolean {
  const { Http1IncomingMessage = IncomingMessage, Http1ServerResponse = ServerResponse } = options
  return Http1IncomingMessage === IncomingMessage && Http1ServerResponse === ServerResponse
}

function hasUsualClasses(server: NetServer): boolean {
  const usual: Readonly<Record<string, unknown>> = { IncomingMessage, ServerResponse, kUniqueHeaders: null }
  const own = Object.getOwnPropertySymbols(server)
  return own.every(key => usualValue(usual, key, Reflect.get(server, key)))
}

function usualValue(usual: Readonly<Record<string, unknown>>, { description = '' }: symbol, value: unknown) {
  return !Object.hasOwn(usual, description) || value == null || value === usual[description]
}
