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

/** What all that we can read begins with. */
export const PROTOCOL = 'HTTP/1.'

/**
 * Parses the head of a response, strictly: what RFC 9112 does not allow is refused, not repaired.
 *
 * @param text the head without its empty line, decoded as latin1; HeadScanner has seen all of its bytes
 * @param method the request's method, which decides whether a body can follow
 * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  let end = lineEnd(text, 0)
  const status = parseStatus(text, end)
  if (status === -1) throw bad(`its status line is ${quote(text.slice(0, end))}`)

  const http10 = text.charCodeAt(PROTOCOL.length) === 0x30
  const reason = text.slice('HTTP/1.1 200 '.length, end)
  const fields: string[] = []
  const connection: string[] = []
  let length = -1
  let chunked = false
  let last = false
  while (end < text.length) {
    const start = end + 2
    end = lineEnd(text, start)
    const colon = text.indexOf(':', start)
    const name = text.slice(start, colon)
    const value = trim(text, colon + 1, end)
    fields.push(name, value)

    // Lengths first: lower-casing each name would cost more than all the rest.
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== -1) throw bad('it has more than one Content-Length')
      if (hasTab(text, colon, end)) throw bad('its Content-Length has a tab')
      length = parseLength(value)
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      // We offer no other coding in TE, so the upstream may apply no other (RFC 9112 section 7.4).
      if (chunked || value.toLowerCase() !== 'chunked') throw bad(`its Transfer-Encoding is ${quote(value)}`)
      if (hasTab(text, colon, end)) throw bad('its Transfer-Encoding has a tab')
      chunked = true
    } else if (name.length === 10 && name.toLowerCase() === 'connection') {
      addOptions(connection, value.toLowerCase())
      last ||= hasTab(text, colon, end)
    } else if (name.length === 16 && name.toLowerCase() === 'proxy-connection') {
      // It means nothing (RFC 9112 appendix C.2.2), but who writes it may mean it.
      last ||= /\bclose\b/i.test(value)
    }
  }
  if (chunked && length !== -1) throw bad('it has both Content-Length and Transfer-Encoding')
  if (chunked && http10) throw bad('it is HTTP/1.0 and has Transfer-Encoding')

  const framing = bodyFraming(method, status, chunked, length)
  last ||= connection.includes('close') || (http10 && !connection.includes('keep-alive'))
  if (status < 200 && status !== 101) {
    // Other parsers would read a body, or nothing more: they must not see another final answer than we.
    if (chunked || length > 0) throw bad(`it is interim (${status}) and announces a body`)
    if (last) throw bad(`it is interim (${status}) and the last on its connection`)
  }
  return {
    status,
    reason,
    version: http10 ? '1.0' : '1.1',
    fields,
    framing,
    length: framing === 'length' ? length : -1,
    persistent: !last && framing !== 'close',
    connection
  }
}

/** Whether a text may become a response's head, as far as its first bytes tell. */
export function canBegin(text: string): boolean {
  return PROTOCOL.startsWith(text.slice(0, PROTOCOL.length))
}

/** The status that a status line tells, -1 if it is none. Its reason is not looked at. */
function parseStatus(text: string, end: number): number {
  const minor = text.charCodeAt(7)
  if (!text.startsWith(PROTOCOL) || (minor !== 0x30 && minor !== 0x31) || text.charCodeAt(8) !== 0x20)
    return -1
  // The space may be missing with the reason.
  if (end < 12 || (end > 12 && text.charCodeAt(12) !== 0x20)) return -1
  let status = 0
  for (let i = 9; i < 12; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return -1
    status = status * 10 + digit
  }
  return status < 100 ? -1 : status
}

/** RFC 9112 section 6.3. */
function bodyFraming(method: string, status: number, chunked: boolean, length: number): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none'
  if (chunked) return 'chunked'
  if (length === 0) return 'none'
  return length > 0 ? 'length' : 'close'
}

function parseLength(value: string): number {
  let length = value === '' || value.length > 16 ? NaN : 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    length = digit >= 0 && digit <= 9 ? length * 10 + digit : NaN
  }
  if (!Number.isSafeInteger(length)) throw bad(`its Content-Length is ${quote(value)}`)
  return length
}

/** Parsers differ in whether a tab belongs to a value that they compare: nothing must depend on it. */
function hasTab(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) === 0x09) return true
  return false
}

function addOptions(options: string[], value: string): void {
  if (!value.includes(',')) options.push(value)
  else for (const option of value.split(',')) options.push(trim(option, 0, option.length))
}

/** Where the line that begins at `start` ends. */
function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\r', start)
  return end === -1 ? text.length : end
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

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}

function bad(why: string): UpstreamError {
  return new UpstreamError('UP_ERR_BAD_RESPONSE', `the upstream's answer is not valid: ${why}`)
}
