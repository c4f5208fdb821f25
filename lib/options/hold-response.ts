import { validateHeaderName, validateHeaderValue } from 'node:http'
import { OptionError } from '../errors.js'
import { asObject, asWhole } from './checks.js'

/** The option `holdResponse`: a text, or an answer. */
export type HoldResponse = string | HoldAnswer

export interface HoldAnswer {
  /** 400 to 599. Default 503. */
  readonly status?: number
  /** Fields besides Content-Length. `Retry-After: 1` and `Content-Type: text/plain; charset=utf-8` unless given. */
  readonly headers?: Readonly<Record<string, string | number>>
  /** Default: none. */
  readonly body?: string
}

export interface ResolvedHoldResponse {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

const NAMES = ['status', 'headers', 'body']
/** What delimits the answer, and what concerns the connection, is not the user's to say. */
const OURS = ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'date']

/** @throws {OptionError} `UP_ERR_OPTION` */
export function parseHoldResponse(option: string, value: unknown): ResolvedHoldResponse {
  if (typeof value === 'string') return parseHoldResponse(option, { body: value })
  const given = asObject(option, value)
  for (const name of Object.keys(given)) {
    if (!NAMES.includes(name))
      throw new OptionError(`${option}.${name}`, given[name], `absent: known are ${NAMES.join(', ')}`)
  }
  const body = given['body'] ?? ''
  if (typeof body !== 'string') throw new OptionError(`${option}.body`, body, 'a string')
  const fields = parseFields(`${option}.headers`, given['headers'] ?? {})
  const names = new Set(Object.keys(fields).map(name => name.toLowerCase()))
  if (!names.has('retry-after')) fields['Retry-After'] = '1'
  if (body !== '' && !names.has('content-type')) fields['Content-Type'] = 'text/plain; charset=utf-8'
  fields['Content-Length'] = String(Buffer.byteLength(body))
  return Object.freeze({
    status: asWhole(`${option}.status`, given['status'] ?? 503, 400, 599),
    fields: Object.freeze(fields),
    body
  })
}

function parseFields(option: string, value: unknown): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [name, content] of Object.entries(asObject(option, value))) {
    if (OURS.includes(name.toLowerCase()))
      throw new OptionError(`${option}.${name}`, content, 'absent: that field is set by the server')
    if (typeof content !== 'string' && typeof content !== 'number')
      throw new OptionError(`${option}.${name}`, content, 'a string or a number')
    try {
      validateHeaderName(name)
      validateHeaderValue(name, String(content))
    } catch (cause) {
      throw new OptionError(`${option}.${name}`, content, 'a field that can be sent', cause)
    }
    fields[name] = String(content)
  }
  return fields
}
