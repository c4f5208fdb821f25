/** A request head that needs no care: the client's text can go to the upstream nearly as it is. */
export interface PlainRequest {
  readonly method: 'GET' | 'HEAD'
  /** The request line with its line end. */
  readonly line: string
  /** All field lines, each with its line end. */
  readonly fields: string
  readonly host: string
}

/** The field lines of a head, found to be plain, and what of them is needed further on. */
interface PlainFields {
  /** As the client sent them. */
  readonly text: string
  /** Without the client's own Connection field. */
  readonly kept: string
  readonly host: string
}

/** Longer heads go the ordinary way. Less than any `maxHeaderSize` in use. */
export const MAX_HEAD = 4096
/** RFC 3986 path and query; what else there may be is seldom, and for node:http to judge. */
const REQUEST_LINE = /^(GET|HEAD) \/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]* HTTP\/1\.1$/
const FIELD_NAME = /^[A-Za-z0-9\-_]+$/
/** One space in front, none behind, so that the text is the value; printable ASCII. */
const FIELD_VALUE = /^ [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._]+)(?::\d*)?$/

/**
 * Reads the heads of one connection's requests. Answers only for those that are beyond doubt: GET or HEAD,
 * complete in one read with nothing behind, one Host, no body, no field that concerns the connection
 * (RFC 9110 section 7.6.1) but `Connection: keep-alive`, none that the master itself sets.
 *
 * The field lines of the requests on one connection are mostly the same: they are examined once.
 */
export class PlainRequestReader {
  #last: PlainFields | undefined

  /** @returns undefined if the request has to go the ordinary way */
  read(chunk: Buffer): PlainRequest | undefined {
    const { length } = chunk
    // G or H: a TLS handshake, a POST and the like need not become text.
    if (length > MAX_HEAD || (chunk[0] !== 0x47 && chunk[0] !== 0x48)) return undefined
    const text = chunk.toString('latin1')
    const lineEnd = text.indexOf('\r\n')
    if (lineEnd === -1 || !REQUEST_LINE.test(text.slice(0, lineEnd))) return undefined
    const rest = text.slice(lineEnd + 2)
    const fields = this.#last?.text === rest ? this.#last : readFields(rest)
    if (fields === undefined) return undefined
    this.#last = fields
    return {
      method: chunk[0] === 0x47 ? 'GET' : 'HEAD',
      line: text.slice(0, lineEnd + 2),
      fields: fields.kept,
      host: fields.host
    }
  }
}

/** @param text the field lines with the empty line behind them */
function readFields(text: string): PlainFields | undefined {
  let host = ''
  let kept = ''
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return undefined
    if (end === at) {
      // Something behind the head would be a body or another request.
      return host === '' || end + 2 !== text.length ? undefined : { text, kept, host }
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
      if (value.toLowerCase() !== ' keep-alive') return undefined
      at = end + 2
      continue
    } else if (NEEDS_CARE.has(lower) || lower.startsWith('x-forwarded-')) {
      return undefined
    }
    kept += text.slice(at, end + 2)
    at = end + 2
  }
}

const NEEDS_CARE = new Set([
  'content-length',
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
