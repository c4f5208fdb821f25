/** A request head that needs no care: the client's text can go to the upstream nearly as it is. */
export interface PlainRequest {
  readonly method: string
  /** The client's version of HTTP. */
  readonly version: '1.0' | '1.1'
  /** The request line for the upstream, with its line end. */
  readonly line: string
  /** All field lines, each with its line end. */
  readonly fields: string
  readonly host: string
  /** The client's `X-Request-Id`. */
  readonly id: string | undefined
  readonly userAgent: string | undefined
  readonly referer: string | undefined
  /** The client wants its connection closed behind the answer. */
  readonly last: boolean
  /** How long the body is, in bytes; 0 for none. */
  readonly length: number
  /** What was read behind the head. */
  readonly rest: Buffer | undefined
}

/** The field lines of a head, found to be plain, and what of them is needed further on. */
interface PlainFields {
  /** As the client sent them. */
  readonly text: string
  /** Without the client's own Connection field. */
  readonly kept: string
  readonly host: string
  readonly id: string | undefined
  readonly userAgent: string | undefined
  readonly referer: string | undefined
  /** What the client wishes for its connection. */
  readonly connection: '' | 'keep-alive' | 'close'
  /** How long the body is, in bytes; -1 if nothing is said of it. */
  readonly length: number
}

/** Longer heads go the ordinary way. Less than any `maxHeaderSize` in use. */
export const MAX_HEAD = 4096
/** RFC 3986 path and query; what else there may be is seldom, and for node:http to judge. */
const REQUEST_LINE =
  /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]* HTTP\/1\.[01]$/
const FIELD_NAME = /^[A-Za-z0-9\-_]+$/
/** One space in front, none behind, so that the text is the value; printable ASCII. */
const FIELD_VALUE = /^ [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
/** A host and perhaps a port; anything else is for the ordinary way. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._]+)(?::\d*)?$/
/** Of a body; a number that every program takes for the same. */
const LENGTH = /^ (?:0|[1-9]\d{0,14})$/
/** The first letters of those methods: a TLS handshake and the like need not become text. */
const FIRST_BYTES: ReadonlySet<number> = new Set(Buffer.from('GHPDO'))

/**
 * Reads the heads of one connection's requests. Answers only for those that are beyond doubt: complete in one
 * read, one Host, a body by Content-Length or none, no field that concerns the connection (RFC 9110 section
 * 7.6.1) but `Connection: keep-alive` or `close`, none that the master itself sets.
 *
 * The field lines of the requests on one connection are mostly the same: they are examined once.
 */
export class PlainRequestReader {
  #last: PlainFields | undefined

  /** @returns undefined if the request has to go the ordinary way */
  read(chunk: Buffer): PlainRequest | undefined {
    const first = chunk[0] ?? 0
    if (!FIRST_BYTES.has(first)) return undefined
    // GET and HEAD: what stands behind them is for the ordinary way to judge.
    const isBodiless = first === 0x47 || first === 0x48
    const headEnd = isBodiless ? chunk.length : chunk.indexOf('\r\n\r\n', 0, 'latin1') + 4
    if (headEnd > MAX_HEAD || headEnd < 4) return undefined
    const text = chunk.toString('latin1', 0, headEnd)
    const lineEnd = text.indexOf('\r\n')
    if (lineEnd === -1 || !REQUEST_LINE.test(text.slice(0, lineEnd))) return undefined
    const fieldLines = text.slice(lineEnd + 2)
    const fields = this.#last?.text === fieldLines ? this.#last : readFields(fieldLines)
    if (fields === undefined || (isBodiless && fields.length >= 0)) return undefined
    const http10 = text.charCodeAt(lineEnd - 1) === 0x30
    if (http10 && fields.connection === 'keep-alive') return undefined
    this.#last = fields
    return {
      method: text.slice(0, text.indexOf(' ')),
      version: http10 ? '1.0' : '1.1',
      line: http10 ? `${text.slice(0, lineEnd - 1)}1\r\n` : text.slice(0, lineEnd + 2),
      fields: fields.kept,
      host: fields.host,
      id: fields.id,
      userAgent: fields.userAgent,
      referer: fields.referer,
      last: http10 || fields.connection === 'close',
      length: Math.max(0, fields.length),
      rest: headEnd < chunk.length ? chunk.subarray(headEnd) : undefined
    }
  }
}

/** @param text the field lines with the empty line behind them */
function readFields(text: string): PlainFields | undefined {
  let host = ''
  let kept = ''
  let id: string | undefined
  let userAgent: string | undefined
  let referer: string | undefined
  let connection: PlainFields['connection'] = ''
  let length = -1
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return undefined
    if (end === at) {
      // Something behind the head of a GET would be a body or another request.
      if (host === '' || end + 2 !== text.length) return undefined
      return { text, kept, host, id, userAgent, referer, connection, length }
    }
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon > end) return undefined
    const name = text.slice(at, colon)
    const value = text.slice(colon + 1, end)
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) return undefined
    const lower = name.toLowerCase()
    if (lower === 'host') {
      if (host !== '' || !HOST.test(value.slice(1))) return undefined
      host = value.slice(1)
    } else if (lower === 'connection') {
      const option = value.slice(1).toLowerCase()
      if ((option !== 'keep-alive' && option !== 'close') || connection !== '') return undefined
      connection = option
      at = end + 2
      continue
    } else if (lower === 'content-length') {
      if (length !== -1 || !LENGTH.test(value)) return undefined
      length = Number(value)
    } else if (lower === 'user-agent') {
      userAgent ??= value.slice(1)
    } else if (lower === 'referer') {
      referer ??= value.slice(1)
    } else if (lower === 'x-request-id') {
      if (id !== undefined) return undefined
      id = value.slice(1)
    } else if (NEEDS_CARE.has(lower) || lower.startsWith('x-forwarded-')) {
      return undefined
    }
    kept += text.slice(at, end + 2)
    at = end + 2
  }
}

const NEEDS_CARE = new Set([
  'expect',
  'http2-settings',
  'keep-alive',
  'max-forwards',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via'
])
