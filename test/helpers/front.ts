import { createServer, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { Distributor } from '#lib/distributor/distributor.js'
import type { DistributorOptions, ProxiedServer } from '#lib/distributor/middleware.js'
import type { Address } from '#lib/proxy/address.js'
import {
  listen,
  rawClient,
  rawUpstream,
  type RawPeer,
  type RawUpstream,
  type Scope,
  type Transport
} from './raw.js'

export interface FrontOptions extends DistributorOptions {
  readonly transport?: Transport
  readonly server?: ProxiedServer
  readonly serverOptions?: ServerOptions
}

/** A server with a Distributor, which lives as long as its test. */
export class Front {
  readonly srv: Distributor
  readonly address: Address
  readonly #t: Scope

  constructor(t: Scope, srv: Distributor, address: Address) {
    this.#t = t
    this.srv = srv
    this.address = address
  }

  connect(): RawPeer {
    return rawClient(this.#t, this.address)
  }

  /** Sends a request on a connection of its own, which is then half-closed, and returns the whole answer. */
  ask(request: string): Promise<string> {
    return this.connect().end(request).takeAll()
  }
}

export async function front(t: Scope, options: FrontOptions = {}): Promise<Front> {
  const { transport, server = createServer(options.serverOptions ?? {}), ...rest } = options
  delete rest.serverOptions
  const srv = new Distributor(server, rest)
  // Also those that an upgrade took away from the http server.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    // An upgrade with a body is emitted once more.
    if (sockets.has(socket)) return
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const address = await listen(t, server, transport)
  t.after(async () => {
    srv.detach()
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  })
  return new Front(t, srv, address)
}

/** A front that forwards all requests and upgrades to a scripted upstream. */
export async function hop(
  t: Scope,
  options: FrontOptions = {}
): Promise<{ front: Front; upstream: RawUpstream }> {
  const upstream = await rawUpstream(t, options.transport)
  const there = await front(t, options)
  there.srv.use((_req, _res, next) => next(upstream.address))
  there.srv.ws.use((_req, _socket, next) => next(upstream.address))
  return { front: there, upstream }
}

export function get(path = '/', fields: readonly string[] = []): string {
  return request('GET', path, fields)
}

/** A request's head and body; the body gets its Content-Length. */
export function request(method: string, path: string, fields: readonly string[] = [], body?: string): string {
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`]
  return [`${method} ${path} HTTP/1.1`, 'Host: front', ...fields, ...length, '', body ?? ''].join('\r\n')
}

/** An answer's head and body; the body gets its Content-Length. */
export function answer(body: string, fields: readonly string[] = [], status = '200 OK'): string {
  return [`HTTP/1.1 ${status}`, ...fields, `Content-Length: ${body.length}`, '', body].join('\r\n')
}

/** The value of a field in a head, or undefined. */
export function field(head: string, name: string): string | undefined {
  return fieldAll(head, name)[0]
}

export function fieldAll(head: string, name: string): string[] {
  return head
    .split('\r\n')
    .slice(1)
    .filter(line => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map(line => line.slice(name.length + 1).trim())
}
