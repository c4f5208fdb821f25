import { UpstreamError } from '../errors.js'

/** How the end of a message body is known (RFC 9112 section 6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** A parsed status line with its fields. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly version: '1.0' | '1.1'
  /** Names and values in turn, as received: order, spelling and repetition kept; latin1. */
  readonly fields: readonly string[]
  readonly framing: Framing
  /** Bytes of body that follow; -1 unless framing is `length`. */
  readonly length: number
  /** Whether the connection may carry another request afterwards. */
  readonly persistent: boolean
  /** The options of the Connection field, in lower case. */
  readonly connection: readonly string[]
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * Parses the head of a response, strictly: what RFC 9112 does not allow is refused, not repaired.
 *
 * @param text the head without its empty line, decoded as latin1
 * @param method the request's method, which decides whether a body can follow
 * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  let end = text.indexOf('\r\n')
  const line = end === -1 ? text : text.slice(0, end)
  const match = STATUS_LINE.exec(line)
  if (match === null) throw bad(`its status line is ${JSON.stringify(line.slice(0, 80))}`)
  const http10 = match[1] === '0'
  const status = Number(match[2])

  const fields: string[] = []
  const connection: string[] = []
  let length = -1
  let chunked = false
  while (end !== -1) {
    const start = end + 2
    end = text.indexOf('\r\n', start)
    const stop = end === -1 ? text.length : end
    const colon = text.indexOf(':', start)
    if (colon === -1 || colon > stop) throw bad('a field line has no colon')
    const name = text.slice(start, colon)
    const value = trim(text, colon + 1, stop)
    if (!NAME.test(name)) throw bad(`a field name is ${JSON.stringify(name.slice(0, 40))}`)
    if (BAD_VALUE.test(value)) throw bad(`the field ${name} has a control character`)
    fields.push(name, value)

    // Lengths first: lower-casing each name would cost more than all the rest.
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== -1) throw bad('it has more than one Content-Length')
      length = parseLength(value)
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (chunked || value.toLowerCase() !== 'chunked')
        throw bad(`its Transfer-Encoding is ${JSON.stringify(value)}`)
      chunked = true
    } else if (name.length === 10 && name.toLowerCase() === 'connection') {
      for (const option of value.toLowerCase().split(',')) connection.push(option.trim())
    }
  }
  if (chunked && length !== -1) throw bad('it has both Content-Length and Transfer-Encoding')
  if (chunked && http10) throw bad('it is HTTP/1.0 and has Transfer-Encoding')

  const framing = bodyFraming(method, status, chunked, length)
  const keepAlive = http10 ? connection.includes('keep-alive') : !connection.includes('close')
  return {
    status,
    reason: match[3] ?? '',
    version: http10 ? '1.0' : '1.1',
    fields,
    framing,
    length: framing === 'length' ? length : -1,
    persistent: keepAlive && framing !== 'close',
    connection
  }
}

/** RFC 9112 section 6.3. */
function bodyFraming(method: string, status: number, chunked: boolean, length: number): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none'
  if (chunked) return 'chunked'
  if (length === 0) return 'none'
  return length > 0 ? 'length' : 'close'
}

function parseLength(value: string): number {
  const length = /^\d{1,16}$/.test(value) ? Number(value) : NaN
  if (!Number.isSafeInteger(length)) throw bad(`its Content-Length is ${JSON.stringify(value.slice(0, 40))}`)
  return length
}

/** The text without the optional white space around it; `slice().trim()` would also take other white space. */
function trim(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function bad(why: string): UpstreamError {
  return new UpstreamError('UP_ERR_BAD_RESPONSE', `the upstream's answer is not valid: ${why}`)
}
