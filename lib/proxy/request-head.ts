import type { IncomingMessage } from 'node:http'
import { UpError } from '../errors.js'
import { clientLine, forwardedLines, type ForwardedFields } from './forwarded.js'
import { assertFraming } from './request-framing.js'
import { requestFields } from './request-fields.js'

/** How a request's body is delimited: by Content-Length, in chunks, or there is none. */
export type RequestBody = 'none' | 'length' | 'chunked'

export interface RequestHead {
  /** Request line and field lines with the empty line, to be written as latin1. */
  readonly text: string
  readonly body: RequestBody
}

export interface RequestHeadOptions {
  /** Whose `X-Forwarded-*` are believed. */
  readonly trust: (address: string) => boolean
  /** Name of the secret field that tells a worker its client, if the upstream is a worker that reads it. */
  readonly clientField: string | undefined
  /** Our name in Via, if the request is to have it there. */
  readonly via: string | undefined
  /** The Host that the upstream gets; undefined: the client's. */
  readonly host?: string | undefined
  /** Keep `Upgrade`, and say so in `Connection`. */
  readonly upgrade: boolean
}

const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e\x80-\xff]+$/
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i

/**
 * The head of the request as the upstream gets it: the client's fields in their order and spelling,
 * without those that belong to the client's connection (RFC 9110 section 7.6.1).
 *
 * @throws {UpError} `UP_ERR_BAD_REQUEST`: its body cannot be delimited safely;
 *   `UP_ERR_HEADER`: middleware set a field, a method or a URL that cannot be sent
 */
export function buildRequestHead(req: IncomingMessage, options: RequestHeadOptions): RequestHead {
  const { method = 'GET', url = '/' } = req
  if (!REQUEST_LINE.test(`${method} ${url}`)) throw badRequestLine(method, url)
  const { lines: fields, given } = requestFields(req)
  const nominated = nominatedFields(req.headers.connection, given)
  const claimed: ForwardedFields = { for: '', proto: '', host: '' }
  const target = splitTarget(url)
  let host = target.host
  let sawHost = false
  let chunked = false
  let length = ''
  let lines = ''
  const traced = method === 'OPTIONS' || method === 'TRACE'

  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    switch (connectionField(name, given)) {
      case '':
        if (nominated === undefined || !nominated.has(name.toLowerCase())) lines += `${name}: ${value}\r\n`
        break
      case 'host':
        if (sawHost) break
        sawHost = true
        host ??= value
        lines += `${name}: ${options.host ?? host}\r\n`
        break
      case 'content-length':
        length = value
        lines += `${name}: ${value}\r\n`
        break
      case 'transfer-encoding':
        chunked = true
        break
      case 'x-forwarded-for':
        claimed.for += claimed.for === '' ? value : `, ${value}`
        break
      case 'x-forwarded-proto':
        claimed.proto ||= value
        break
      case 'x-forwarded-host':
        claimed.host ||= value
        break
      case 'max-forwards':
        lines += `${name}: ${traced ? oneLess(value) : value}\r\n`
        break
      case 'upgrade':
        if (options.upgrade) lines += `${name}: ${value}\r\nConnection: Upgrade\r\n`
        break
    }
  }
  if (chunked) assertFraming(req)
  if (!sawHost) lines = `Host: ${options.host ?? host ?? ''}\r\n` + lines
  if (chunked) lines += 'Transfer-Encoding: chunked\r\n'
  // RFC 9110 section 7.6.3: behind those of others, which are the same list.
  if (options.via !== undefined) lines += `Via: ${req.httpVersion} ${options.via}\r\n`
  lines += forwardedLines(req, host ?? '', claimed, given, options.trust)
  if (options.clientField !== undefined) lines += clientLine(req, options.clientField)

  return {
    text: `${method} ${target.path} HTTP/1.1\r\n${lines}\r\n`,
    body: chunked ? 'chunked' : length === '' || Number(length) === 0 ? 'none' : 'length'
  }
}

/** The fields that `Connection` names, without those that a client must not be able to remove. */
function nominatedFields(
  connection: string | undefined,
  given: ReadonlySet<string>
): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map(option => option.trim())
      .filter(option => !given.has(option))
  )
}

/**
 * The lower-case name of a field that needs care, or '' for one that is copied as it is.
 * Looks at the length first, which spares lower-casing nearly every name.
 */
function connectionField(name: string, given: ReadonlySet<string>): string {
  switch (name.length) {
    case 2: // TE
    case 4: // Host
    case 7: // Upgrade, Trailer
    case 10: // Connection, Keep-Alive
    case 12: // Max-Forwards
    case 14: // Content-Length
    case 15: // X-Forwarded-For
    case 16: // Proxy-Connection, X-Forwarded-Host
    case 17: {
      // Transfer-Encoding, X-Forwarded-Proto
      const lower = name.toLowerCase()
      if (!CONNECTION_FIELDS.has(lower)) return ''
      // What middleware itself says of the client is passed on as it is.
      return lower.startsWith('x-forwarded-') && given.has(lower) ? '' : lower
    }
    default:
      return ''
  }
}

const CONNECTION_FIELDS = new Set([
  'te',
  'host',
  'upgrade',
  'trailer',
  'connection',
  'keep-alive',
  'max-forwards',
  'content-length',
  'x-forwarded-for',
  'proxy-connection',
  'x-forwarded-host',
  'transfer-encoding',
  'x-forwarded-proto'
])

/** RFC 9110 section 7.6.2. What is no number says nothing, and is left as it is. */
function oneLess(maxForwards: string): string {
  return /^\d{1,15}$/.test(maxForwards) ? String(Math.max(0, Number(maxForwards) - 1)) : maxForwards
}

/** RFC 9112 section 3.2.2: of an absolute-form target the authority replaces Host. */
function splitTarget(url: string): { path: string; host: string | undefined } {
  if (url.startsWith('/') || url === '*') return { path: url, host: undefined }
  const match = ABSOLUTE.exec(url)
  if (match === null) return { path: url, host: undefined }
  const rest = match[2] ?? ''
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host: match[1] }
}

function badRequestLine(method: string, url: string): UpError {
  const line = JSON.stringify(`${method} ${url}`.slice(0, 200))
  return new UpError(
    'UP_ERR_HEADER',
    `middleware set the request's method or URL so that ${line} cannot be sent`
  )
}
