import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { isIPv6, type AddressInfo } from 'node:net'
import { listenError } from '../ports/listen-error.js'
import type { PortStatus } from '../server/api.js'
import type { TlsMaterial } from './tls.js'

/** Where the master listens. */
export interface ListenOptions {
  readonly port: number
  /** undefined: all interfaces, IPv6 and IPv4 where the machine has both. */
  readonly host: string | undefined
  readonly tls: TlsMaterial | undefined
}

/** Connections that may wait to be accepted: Node's own 511 overflow at 1,000 concurrent connects. */
const BACKLOG = 4096

/** Requests that a client of HTTP/2 may have open at once: by default node:http2 sets no limit. */
const MAX_STREAMS = 250
/** What these may hold together, in megabytes: enough for as many answers to a client that reads slowly. */
const MAX_SESSION_MB = 64

/** Makes the server: with TLS for HTTP/2 and HTTP/1.1, as the client chooses. */
export function createMasterServer(tls: TlsMaterial | undefined): Server | Http2SecureServer {
  return tls === undefined ? createServer() : createBoth(tls)
}

/**
 * Makes the server and listens. Connections come later than whatever follows in the same tick.
 *
 * @throws {UpError} `UP_ERR_LISTEN`: the port is taken, not allowed, or not of this machine
 */
export async function listen({ port, host, tls }: ListenOptions): Promise<Server | Http2SecureServer> {
  const server = createMasterServer(tls)
  server.listen({ port, backlog: BACKLOG, ...(host === undefined ? {} : { host }) })
  try {
    await once(server, 'listening')
    return server
  } catch (cause) {
    throw listenError(cause as NodeJS.ErrnoException, `${host ?? 'all interfaces,'} port ${port}`)
  }
}

/** The address as a URL to click on, and which interfaces it stands for where it is more than one. */
export function describeAddress(server: Server | Http2SecureServer, host: string | undefined): string {
  const { address, port } = server.address() as AddressInfo
  return describeUrl('setSecureContext' in server ? 'https' : 'http', address, port, host)
}

/** The same of a port that the app has asked for. */
export function describePort(port: PortStatus, host: string | undefined, tls: boolean): string {
  const scheme = tls ? 'https' : SCHEMES[port.protocol]
  return 'path' in port ? `${scheme}+unix:${port.path}` : describeUrl(scheme, port.address, port.port, host)
}

const SCHEMES: Readonly<Record<PortStatus['protocol'], string>> = {
  http: 'http',
  h2c: 'http',
  https: 'https',
  http2: 'https',
  tls: 'tls',
  net: 'tcp'
}

function describeUrl(scheme: string, address: string, port: number, host: string | undefined): string {
  const isAny = address === '::' || address === '0.0.0.0'
  const name = isAny ? 'localhost' : (host ?? address)
  const url = `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`
  if (!isAny) return url
  return `${url} (${address === '0.0.0.0' ? 'all IPv4 interfaces' : 'all interfaces'})`
}

function createBoth(tls: TlsMaterial): Http2SecureServer {
  return createSecureServer({
    ...tls,
    allowHTTP1: true,
    settings: { maxConcurrentStreams: MAX_STREAMS },
    maxSessionMemory: MAX_SESSION_MB
  })
}
