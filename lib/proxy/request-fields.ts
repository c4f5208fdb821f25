import {
  validateHeaderName,
  validateHeaderValue,
  type IncomingHttpHeaders,
  type IncomingMessage
} from 'node:http'
import { UpError } from '../errors.js'

const before = new WeakMap<IncomingMessage, IncomingHttpHeaders>()

/** Remembers `req.headers` as the client sent them, so that a middleware's changes to them can be told. */
export function rememberFields(req: IncomingMessage): void {
  before.set(req, { ...req.headers })
}

/**
 * The request's field lines, names and values in turn: as the client sent them, but with what
 * middleware changed, added or removed in `req.headers`.
 *
 * @throws {UpError} `UP_ERR_HEADER`: middleware set a name or a value that cannot be sent
 */
export function requestFields(req: IncomingMessage): readonly string[] {
  const original = before.get(req)
  if (original === undefined) return req.rawHeaders
  const changed = changedNames(original, req.headers)
  if (changed.length === 0) return req.rawHeaders

  const fields: string[] = []
  const pending = new Set(changed)
  const touched = new Set(changed)
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? ''
    const key = name.toLowerCase()
    if (!touched.has(key)) fields.push(name, req.rawHeaders[i + 1] ?? '')
    else if (pending.delete(key)) pushField(fields, name, req.headers[key])
  }
  for (const name of pending) pushField(fields, name, req.headers[name])
  return fields
}

function changedNames(original: IncomingHttpHeaders, now: IncomingHttpHeaders): string[] {
  const names = Object.keys(now).filter(name => now[name] !== original[name])
  for (const name of Object.keys(original)) if (!(name in now)) names.push(name)
  return names
}

function pushField(fields: string[], name: string, value: unknown): void {
  if (value === undefined) return
  for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const text = String(one)
    try {
      validateHeaderName(name)
      validateHeaderValue(name, text)
    } catch (cause) {
      throw new UpError(
        'UP_ERR_HEADER',
        `middleware set the request field ${JSON.stringify(name)} to a value that cannot be sent`,
        { cause }
      )
    }
    fields.push(name, text)
  }
}
