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

export interface RequestFields {
  /** Names and values in turn. */
  readonly lines: readonly string[]
  /** The names, in lower case, to which middleware gave a value. */
  readonly given: ReadonlySet<string>
}

/** The body is the client's, and so is what delimits it. */
const DELIMITERS = ['content-length', 'transfer-encoding']
/** What HTTP/2 puts in the request line's place: `req.method` and `req.url` read and change it. */
const PSEUDO = [':method', ':scheme', ':authority', ':path']
const NONE: ReadonlySet<string> = new Set()

/**
 * The request's fields: as the client sent them, but with what middleware changed, added or removed in
 * `req.headers`.
 *
 * @throws {UpError} `UP_ERR_HEADER`: middleware set a name or a value that cannot be sent
 */
export function requestFields(req: IncomingMessage): RequestFields {
  const original = before.get(req)
  const changed = original === undefined ? undefined : changedNames(original, req.headers)
  if (changed === undefined || changed.size === 0) return { lines: req.rawHeaders, given: NONE }

  const lines: string[] = []
  const given = new Set<string>()
  const pending = new Map(changed)
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? ''
    const lower = name.toLowerCase()
    const key = changed.get(lower)
    if (key === undefined) lines.push(name, req.rawHeaders[i + 1] ?? '')
    else if (pending.delete(lower)) pushField(lines, name, req.headers[key])
  }
  for (const key of pending.values()) pushField(lines, key, req.headers[key])
  for (const [lower, key] of changed) if (req.headers[key] !== undefined) given.add(lower)
  return { lines, given }
}

/** The fields that middleware touched: their names in lower case, and as they stand in `req.headers`. */
function changedNames(original: IncomingHttpHeaders, now: IncomingHttpHeaders): Map<string, string> {
  const names = new Map<string, string>()
  for (const key of Object.keys(original)) if (!(key in now)) names.set(key, key)
  for (const key of Object.keys(now)) if (now[key] !== original[key]) names.set(key.toLowerCase(), key)
  for (const delimiter of DELIMITERS) names.delete(delimiter)
  for (const pseudo of PSEUDO) names.delete(pseudo)
  return names
}

function pushField(lines: string[], name: string, value: unknown): void {
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
    lines.push(name, text)
  }
}
