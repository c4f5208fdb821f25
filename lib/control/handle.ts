import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { ControlError, errorBody } from './control-error.js'
import { EventStreams } from './event-streams.js'
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

/** Answers each call while there is nothing to steer yet. */
export const refuseCalls: RequestListener = (req, res) =>
  sendError(req, res, new ControlError(503, 'UP_ERR_STARTING', 'it has only just begun to start'))

/** Answers the calls of the control API. */
export function handleCalls(steered: Steered, { guard, show }: HandleOptions = {}): RequestListener {
  const streams = new EventStreams(steered)
  return (req, res) => {
    void answer(req, res).catch((error: unknown) => sendError(req, res, error))
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
    if (path === '/events') return streams.add(req, res)
    if (read !== undefined) return send(req, res, await read(steered))
    if (isRead && show?.(path, req, res) === true) return
    throw new ControlError(404, 'UP_ERR_NOT_FOUND', `there is nothing at ${path}`)
  }
}

function wrongMethod(method: string, path: string, allow: string): ControlError {
  const message = `${method} ${path} means nothing: it takes ${allow}`
  return new ControlError(405, 'UP_ERR_METHOD', message, { Allow: allow })
}

function sendError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const { status, fields, body } = errorBody(error)
  send(req, res, { status, body }, fields)
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
