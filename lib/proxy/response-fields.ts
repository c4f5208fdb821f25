import type { ServerResponse } from 'node:http'
import { withOwnField } from './own-field.js'
import type { ResponseHead } from './response-head.js'

/** Fields of an answer that belong to the upstream's connection (RFC 9110 section 7.6.1), by length. */
const CONNECTION_FIELDS = new Set([
  'te',
  'trailer',
  'upgrade',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding'
])

/**
 * The answer's fields for the client, names and values in turn.
 *
 * @param via our name in Via, if the answer is to have it there
 */
export function clientFields(head: ResponseHead, via: string | undefined): readonly string[] {
  const fields: string[] = []
  for (let i = 0; i + 1 < head.fields.length; i += 2) {
    const name = head.fields[i] ?? ''
    if (isClientField(name, head)) fields.push(name, head.fields[i + 1] ?? '')
  }
  // RFC 9110 section 7.6.3: behind those of others, which are the same list.
  if (via !== undefined) fields.push('Via', `${head.version} ${via}`)
  return fields
}

/** Whether a field of the answer is for the client, too. */
export function isClientField(name: string, { status, connection }: ResponseHead): boolean {
  if (isConnectionField(name, connection)) return false
  return name.length !== 14 || (status >= 200 && status !== 204) || name.toLowerCase() !== 'content-length'
}

function isConnectionField(name: string, nominated: readonly string[]): boolean {
  const { length } = name
  if (length === 2 || length === 7 || length === 10 || length === 16 || length === 17) {
    if (CONNECTION_FIELDS.has(name.toLowerCase())) return true
  }
  // Nearly all answers nominate `keep-alive`: only names of its length are worth lower-casing.
  for (const option of nominated) {
    if (option.length === length && option === name.toLowerCase()) return true
  }
  return false
}

/**
 * Gives `res` the upstream's status line and fields. What middleware set before stays: Set-Cookie of
 * both sides, for any other name the upstream's value wins.
 */
export function writeResponseHead(res: ServerResponse, head: ResponseHead, via: string | undefined): void {
  const fields = withOwnField(res, clientFields(head, via))
  if (res.getHeaderNames().length === 0 && !Object.hasOwn(res, 'writeHead')) {
    res.writeHead(head.status, head.reason, fields as string[])
    return
  }
  // Middleware set fields, or has put its own function in writeHead's place, as `on-headers` does to
  // see the fields before they leave: it finds them where it expects them, on `res`.
  const groups = groupFields(fields)
  removeDelimiter(res, groups)
  for (const [name, values] of groups) {
    if (name.toLowerCase() === 'set-cookie') for (const value of values) res.appendHeader(name, value)
    else res.setHeader(name, values.length === 1 ? (values[0] ?? '') : values)
  }
  res.writeHead(head.status, head.reason)
}

/** Each name, as it is spelled first, with its values. */
export function groupFields(fields: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  const spelling = new Map<string, string>()
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const key = name.toLowerCase()
    const shown = spelling.get(key) ?? name
    spelling.set(key, shown)
    const values = groups.get(shown)
    if (values === undefined) groups.set(shown, [fields[i + 1] ?? ''])
    else values.push(fields[i + 1] ?? '')
  }
  return groups
}

/** The body is the upstream's: what middleware set for a body of its own must not delimit it. */
function removeDelimiter(res: ServerResponse, groups: ReadonlyMap<string, string[]>): void {
  const names = [...groups.keys()]
  const other = names.some(name => name.toLowerCase() === 'content-length')
    ? 'transfer-encoding'
    : 'content-length'
  // Only where it is set: node:http remembers the removal, and would not choose chunks later.
  if (res.hasHeader(other)) res.removeHeader(other)
}
