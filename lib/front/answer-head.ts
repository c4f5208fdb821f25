import { idLine, isRequestId } from '../proxy/request-id.js'
import { isClientField } from '../proxy/response-fields.js'
import type { ResponseHead } from '../proxy/response-head.js'

/** What we say in an answer. */
interface OurWords {
  /** Our name in Via, if the answer is to have it there. */
  readonly via: string | undefined
  /** The request's, unless the upstream tells one by itself. */
  readonly id: string | undefined
  /** Whether the body is sent in chunks. */
  readonly chunked: boolean
  /** The lines that say whether the connection stays open. */
  readonly persistence: string
}

/** The head of an answer, byte for byte as node:http writes it for the same fields. */
export function answerHead(head: ResponseHead, { via, id, chunked, persistence }: OurWords): string {
  const { fields } = head
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  let dated = false
  let named = id === undefined
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (!isClientField(name, head)) continue
    text += `${name}: ${fields[i + 1] ?? ''}\r\n`
    dated ||= name.length === 4 && name.toLowerCase() === 'date'
    named ||= isRequestId(name)
  }
  if (via !== undefined) text += `Via: ${head.version} ${via}\r\n`
  if (!named && id !== undefined) text += idLine(id)
  if (!dated) text += `Date: ${new Date().toUTCString()}\r\n`
  text += persistence
  return chunked ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`
}

/** What node:http says of a connection that stays open. */
export function keepAliveLines(keepAliveTimeoutMs: number): string {
  const seconds = Math.floor(keepAliveTimeoutMs / 1000)
  return `Connection: keep-alive\r\n${keepAliveTimeoutMs > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : ''}`
}

export const CLOSE_LINE = 'Connection: close\r\n'
