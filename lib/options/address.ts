import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Address } from '../proxy/address.js'

/**
 * An address, in any of its forms:
 *
 * - `2000`, `'2000'`: a port of localhost
 * - `'localhost:2000'`, `'10.0.0.2:80'`, `'[::1]:2000'`
 * - `'http://10.0.0.2:8080'`, as text or as a URL; without a port it is 80
 * - `'unix:/tmp/app.sock'`, `'/tmp/app.sock'`: a UNIX socket; `'unix:app.sock'` is relative to the working folder
 * - `{ port, host }`, where the host is localhost unless given, or `{ socketPath }`, an absolute path
 */
export type AddressTarget =
  | number
  | string
  | URL
  | { readonly port: number | string; readonly host?: string | undefined }
  | { readonly socketPath: string }

/** For messages. */
export const ADDRESS_FORMS =
  `a port from 1 to 65535, 'host:port', 'http://host:port' as text or URL, 'unix:' and the path of a socket, ` +
  `{ port, host }, or { socketPath }`

const HTTP_ONLY = `an address that speaks plain HTTP: 'http://host:port'`
const ORIGIN_ONLY = `an origin, without user, path, query and fragment: 'http://host:port'`
const DEFAULT_HOST = 'localhost'
const DIGITS = /^\d{1,5}$/
/** Scheme, host, port. The hop is plain HTTP/1.1, and a request keeps its own path: a URL names an origin, no more. */
const ORIGIN = /^(http:\/\/)([^[\]:/?#@]+|\[[^\]]*\])(?::(\d+))?\/?$/i
const HOST_PORT = /^([^[\]:/?#@]+|\[[^\]]*\]):(\d+)$/
const LETTERS = /^[a-z\d_](?:[a-z\d._-]*[a-z\d_.])?$/
const UNICODE = /^[\p{L}\p{M}\p{N}._-]+$/u
/** The last label of a name is no number (RFC 3696, section 2): what looks so is an IPv4 address, or a mistake. */
const ENDS_IN_NUMBER = /(?:^|\.)\d+\.?$/
/** What `sun_path` holds on Linux, without its NUL. A longer path would be cut, and name another socket. */
const MAX_PATH_BYTES = 107

/**
 * Reads an address.
 *
 * @returns it, or the words for what was expected instead
 */
export function readAddress(value: unknown): Address | string {
  if (typeof value === 'number') return tcp(value, undefined)
  if (typeof value === 'string') return readText(value)
  if (value instanceof URL) return value.protocol === 'http:' ? readText(value.href) : HTTP_ONLY
  if (typeof value !== 'object' || value === null) return ADDRESS_FORMS
  if ('socketPath' in value) return unix(value.socketPath)
  if (!('port' in value)) return ADDRESS_FORMS
  return tcp(value.port, 'host' in value ? value.host : undefined)
}

/** Whether it is a port alone, in one of its forms, right or wrong. */
export function isPort(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && DIGITS.test(value))
}

function readText(text: string): Address | string {
  if (DIGITS.test(text)) return tcp(text, undefined)
  if (text.startsWith('/')) return unix(text)
  if (text.startsWith('unix:')) return text.includes('#') ? ADDRESS_FORMS : unix(fromHere(text.slice(5)))
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) {
    if (!/^http:/i.test(text)) return HTTP_ONLY
    const origin = ORIGIN.exec(text)
    return origin === null ? ORIGIN_ONLY : tcp(origin[3] ?? 80, origin[2])
  }
  const [, host, port] = HOST_PORT.exec(text) ?? []
  return port === undefined ? ADDRESS_FORMS : tcp(port, host)
}

function tcp(given: unknown, host: unknown): Address | string {
  const port = typeof given === 'string' && DIGITS.test(given) ? Number(given) : given
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return 'a port from 1 to 65535'
  }
  if (host === undefined || host === null || host === '') return { port, host: DEFAULT_HOST }
  const name = readHost(host)
  return name === undefined ? 'a host: a name, an IPv4 or an IPv6 address' : { port, host: name }
}

/** The host in its one spelling: lower case, IPv6 without brackets and in its shortest form. */
function readHost(host: unknown): string | undefined {
  if (typeof host !== 'string') return undefined
  if (isIPv4(host)) return host
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (isIPv6(bare)) {
    const [address = '', zone] = bare.split('%')
    const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
    return zone === undefined ? short : `${short}%${zone}`
  }
  const lower = host.toLowerCase()
  if (ENDS_IN_NUMBER.test(lower)) return undefined
  const name = LETTERS.test(lower) || !UNICODE.test(lower) ? lower : domainToASCII(lower)
  return LETTERS.test(name) ? name : undefined
}

function unix(path: unknown): Address | string {
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
    return 'the absolute path of a UNIX socket'
  }
  // Not `resolve`: behind a link, `..` is where the link leads, not where it lies.
  const socketPath = path.replace(/\/(?:\.?\/)+/g, '/')
  if (Buffer.byteLength(socketPath) > MAX_PATH_BYTES) {
    return `a UNIX socket whose path has at most ${MAX_PATH_BYTES} bytes`
  }
  return { socketPath }
}

function fromHere(path: string): string {
  return path === '' || path.startsWith('/') ? path : `${process.cwd()}/${path}`
}
