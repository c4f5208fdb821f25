import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { UpError } from '../errors.js'
import { resetAnswer, streamOf } from './http2-client.js'

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/
/** A host and perhaps a port, without user information (RFC 9113 section 8.3.1). */
const AUTHORITY = /^[^\x00-\x20\x7f/?#@\\]+$/
const LENGTH = /^\d{1,16}$/
/** RFC 9113 section 8.2.2: a request that has one of them is malformed. */
const FORBIDDEN = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
/** How long a client may go on with its body behind the whole answer, in milliseconds. */
const LINGER_MS = 30_000

/**
 * Gives a request of HTTP/2 the fields that it would have in HTTP/1.1, where it is bound for: `Host` for the
 * authority, one `Cookie`, chunks where it has a body and tells no length. Middleware finds them, too.
 *
 * node:http2 lets no malformed request through today. What it lets through is checked here all the same: in
 * HTTP/1.1 a line feed, or a length that is not true, would become somebody else's request.
 *
 * @throws {UpError} `UP_ERR_BAD_REQUEST`: HTTP/1.1 cannot say the same
 */
export function adoptHttp2Request(req: IncomingMessage, res: ServerResponse): void {
  const stream = streamOf(req)
  // After a reset without an error node:http2 waits until the body has been read, before it tells.
  stream.once('aborted', () => {
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR) stream.destroy()
  })
  res.destroy = () => {
    resetAnswer(res)
    return res
  }
  if (!stream.endAfterHeaders) stream.once('finish', () => dropBody(req, stream))
  const { pseudo, fields, cookies, hosts, lengths } = sortFields(req.rawHeaders)
  const host = assertTarget(pseudo, hosts)
  assertLength(lengths, stream.endAfterHeaders)

  const lines = ['Host', host, ...fields]
  if (cookies.length > 0) lines.push('Cookie', cookies.join('; '))
  for (const length of lengths) lines.push('Content-Length', length)
  if (lengths.length === 0 && !stream.endAfterHeaders) {
    lines.push('Transfer-Encoding', 'chunked')
    req.headers['transfer-encoding'] = 'chunked'
  }
  req.headers.host = host
  req.rawHeaders.splice(0, req.rawHeaders.length, ...lines)
}

/**
 * What is left of a body behind its answer is read and dropped, as node:http does: unread it would keep the
 * stream open. A reset instead, as RFC 9113 section 8.1 allows, costs some clients the answer that they have.
 */
function dropBody(req: IncomingMessage, stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.state.remoteClose === 1) return
  req.resume()
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS)
  stream.once('close', () => clearTimeout(timer))
}

interface SortedFields {
  readonly pseudo: ReadonlyMap<string, string>
  /** Names and values in turn, without those below. */
  readonly fields: readonly string[]
  readonly cookies: readonly string[]
  readonly hosts: readonly string[]
  readonly lengths: readonly string[]
}

function sortFields(raw: readonly string[]): SortedFields {
  const pseudo = new Map<string, string>()
  const fields: string[] = []
  const cookies: string[] = []
  const hosts: string[] = []
  const lengths: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (BAD_VALUE.test(value)) throw malformed(`its field ${JSON.stringify(name)} has a control character`)
    if (name.startsWith(':')) {
      if (pseudo.has(name)) throw malformed(`it has ${name} twice`)
      pseudo.set(name, value)
    } else if (!NAME.test(name)) {
      throw malformed(`a field name is ${JSON.stringify(name.slice(0, 40))}`)
    } else if (FORBIDDEN.has(name)) {
      throw malformed(`it has the field ${name}`)
    } else if (name === 'cookie') {
      cookies.push(value)
    } else if (name === 'host') {
      hosts.push(value)
    } else if (name === 'content-length') {
      lengths.push(value)
    } else {
      fields.push(name, value)
    }
  }
  return { pseudo, fields, cookies, hosts, lengths }
}

/** Returns what `Host` says: where the two differ, the authority counts (RFC 9113 section 8.3.1). */
function assertTarget(pseudo: ReadonlyMap<string, string>, hosts: readonly string[]): string {
  const method = pseudo.get(':method') ?? ''
  const path = pseudo.get(':path') ?? ''
  if (!METHOD.test(method)) throw malformed(`its method is ${JSON.stringify(method.slice(0, 40))}`)
  // Not the absolute form: HTTP/1.1 would take its authority for the request's.
  if (!PATH.test(path) && !(path === '*' && method === 'OPTIONS'))
    throw malformed(`its path is ${JSON.stringify(path.slice(0, 80))}`)
  const host = pseudo.get(':authority') ?? (hosts.length === 1 ? hosts[0] : undefined) ?? ''
  if (!AUTHORITY.test(host)) throw malformed(`its authority is ${JSON.stringify(host.slice(0, 80))}`)
  return host
}

function assertLength(lengths: readonly string[], noBody: boolean): void {
  const [length = '0'] = lengths
  if (lengths.length > 1 || !LENGTH.test(length) || (noBody && Number(length) > 0))
    throw malformed(`its Content-Length is ${JSON.stringify(lengths.join(', ').slice(0, 40))}`)
}

function malformed(why: string): UpError {
  return new UpError('UP_ERR_BAD_REQUEST', `the HTTP/2 request is malformed: ${why}`)
}
