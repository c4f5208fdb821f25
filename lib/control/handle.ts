import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { ControlError, errorBody } from './control-error.js'
import { streamEvents } from './event-stream.js'
import { readJson } from './read-json.js'
import { CALLS, READS, type Reply } from './routes.js'
import type { Steered } from './steered.js'
import { toJson } from './to-json.js'

export interface HandleOptions {
  /**
   * Looks at each request first.
   *
   * @throws {ControlError} the request is not allowed
   */
  readonly guard?: (req: IncomingMessage, changes: boolean) => void
  /** Further things to look at, such as a page; false: it has none at this path. */
  readonly show?: (path: string, req: IncomingMessage, res: ServerResponse) => boolean
}

/** Answers the calls of the control API. */
export function handleCalls(steered: Steered, { guard, show }: HandleOptions = {}): RequestListener {
  return (req, res) => {
    void answer(req, res).catch((error: unknown) => {
      const { status, fields, body } = errorBody(error)
      send(req, res, { status, body }, fields)
    })
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = req.url?.split('?')[0] ?? '/'
    const { method = 'GET' } = req
    const isRead = method === 'GET' || method === 'HEAD'
    guard?.(req, !isRead)
    const call = Object.hasOwn(CALLS, path) ? CALLS[path] : undefined
    const read = Object.hasOwn(READS, path) ? READS[path] : undefined
    if (call !== undefined) {
      if (method !== 'POST') throw wrongMethod(method, path, 'POST')
      return send(req, res, await call(steered, await readJson(req)))
    }
    if (!isRead && (read !== undefined || path === '/events')) throw wrongMethod(method, path, 'GET, HEAD')
    if (path === '/events') return streamEvents(req, res, steered)
    if (read !== undefined) return send(req, res, await read(steered))
    if (isRead && show?.(path, req, res) === true) return
    throw new ControlError(404, 'UP_ERR_NOT_FOUND', `there is nothing at ${path}`)
  }
}

function wrongMethod(method: string, path: string, allow: string): ControlError {
  const message = `${method} ${path} means nothing: ${allow} does`
  return new ControlError(405, 'UP_ERR_METHOD', message, { Allow: allow })
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status = 200, type = 'application/json; charset=utf-8', body }: Reply,
  fields: Readonly<Record<string, string>> = {}
): void {
  if (res.headersSent || res.destroyed) return
  // What was not read would be taken for the next request.
  if (!req.complete) res.shouldKeepAlive = false
  const text = typeof body === 'string' ? body : `${toJson(body)}\n`
  res.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...fields
  })
  res.end(req.method === 'HEAD' ? '' : text)
}
