import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Duration } from '../options/duration.js'
import type { TrustProxy } from '../options/serving.js'
import type { Next } from './chain.js'
import type { Distributor } from './distributor.js'

/**
 * A server of HTTP/1.1, of HTTP/2, or of both (`http2.createSecureServer` with `allowHTTP1`). The requests and
 * answers of HTTP/2 are those of node:http2, which resemble the others.
 */
export type ProxiedServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer

/** A request as middleware gets it. */
export type DistributorRequest = IncomingMessage & {
  /** The answer to it; absent for upgrades. */
  res?: ServerResponse
  /** Of an upgrade: bytes that arrived behind its head. */
  head?: Buffer
  next?: Next
}

export type HttpMiddleware = (
  this: Distributor,
  req: DistributorRequest,
  res: ServerResponse,
  next: Next
) => unknown
export type HttpErrorMiddleware = (
  this: Distributor,
  err: unknown,
  req: DistributorRequest,
  res: ServerResponse,
  next: Next
) => unknown
export type WsMiddleware = (this: Distributor, req: DistributorRequest, socket: Duplex, next: Next) => unknown
export type WsErrorMiddleware = (
  this: Distributor,
  err: unknown,
  req: DistributorRequest,
  socket: Duplex,
  next: Next
) => unknown

/** `srv.ws`: adds middleware for upgrades. */
export interface WsFacade {
  use(fn: WsMiddleware): Distributor
  use(fn: WsErrorMiddleware): Distributor
}

export interface DistributorOptions {
  /** Whose `X-Forwarded-*` are believed. Default false: nobody's. */
  trustProxy?: TrustProxy
  /** The longest silence of an upstream; see the option of the same name of `up()`. Default `'60s'`. */
  proxyTimeout?: Duration
  /** Our name in the `Via` fields of requests and answers; see the option of the same name of `up()`. Default true. */
  via?: boolean | string
}
