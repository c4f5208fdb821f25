import { isNativeError } from 'node:util/types'
import { show, UpError } from '../errors.js'
import type { Address } from '../proxy/address.js'

/** What a call of `next` asks for. */
export type NextStep =
  | { readonly kind: 'continue' }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'forward'; readonly address: Address }

/** A port of this machine, as `next(port)` means it. */
const DEFAULT_HOST = 'localhost'

/**
 * Reads the arguments of `next`: nothing, an error, or an address in one of its forms. Any other value
 * is an error with the code `UP_ERR_NEXT`.
 */
export function readNext(value?: unknown, host?: unknown): NextStep {
  if (value === undefined || value === null) return { kind: 'continue' }
  if (value instanceof Error || isNativeError(value)) return { kind: 'error', error: value }
  const address = readAddress(value, host)
  return address === undefined
    ? { kind: 'error', error: unreadable(value, host) }
    : { kind: 'forward', address }
}

function readAddress(value: unknown, host: unknown): Address | undefined {
  if (!isMissing(host) && !isHost(host)) return undefined
  if (typeof value === 'number') return tcp(value, host)
  if (typeof value === 'string') {
    if (/^\d{1,5}$/.test(value)) return tcp(Number(value), host)
    return isPath(value) ? { socketPath: value } : undefined
  }
  if (value instanceof URL) return fromUrl(value)
  if (typeof value !== 'object' || value === null) return undefined
  if ('socketPath' in value) return isPath(value.socketPath) ? { socketPath: value.socketPath } : undefined
  if (!('port' in value)) return undefined
  const port =
    typeof value.port === 'string' && /^\d{1,5}$/.test(value.port) ? Number(value.port) : value.port
  return tcp(port, 'host' in value ? value.host : undefined)
}

function tcp(port: unknown, host: unknown): Address | undefined {
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  if (isMissing(host)) return { port, host: DEFAULT_HOST }
  return isHost(host) ? { port, host } : undefined
}

/** The hop is plain HTTP/1.1, and the request keeps its own path: so a URL names an origin, no more. */
function fromUrl(url: URL): Address | undefined {
  if ((url.protocol !== 'http:' && url.protocol !== 'ws:') || url.href !== `${url.origin}/`) return undefined
  return tcp(url.port === '' ? 80 : Number(url.port), url.hostname.replace(/^\[(.*)\]$/, '$1'))
}

/** Whether no host was named: the original took an empty one so, too. */
function isMissing(host: unknown): boolean {
  return host === undefined || host === null || host === ''
}

function isHost(host: unknown): host is string {
  return typeof host === 'string' && !/[\s/\0]/.test(host)
}

function isPath(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/') && !path.includes('\0')
}

function unreadable(value: unknown, host: unknown): UpError {
  const given = host === undefined ? show(value) : `${show(value)}, ${show(host)}`
  return new UpError(
    'UP_ERR_NEXT',
    `next(${given}): expected nothing, an Error, a port from 1 to 65535 and perhaps a host, the absolute path of ` +
      `a UNIX socket, { port, host }, { socketPath }, or a URL such as http://host:port`
  )
}
