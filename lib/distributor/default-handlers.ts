import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { statusOf, UpError } from '../errors.js'
import { isDevelopment } from '../options/environment.js'
import { lingeringEnd } from '../proxy/lingering-end.js'

/** Seconds after which a client that got 503 may try again. */
const RETRY_AFTER = '1'

/** Nobody handled the request. */
export function defaultHttp(_req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(501, { 'Content-Length': 0 })
  res.end()
}

/** Nobody handled the upgrade. */
export function defaultWs(_req: IncomingMessage, socket: Duplex): void {
  lingeringEnd(socket)
}

/** Answers with the status that belongs to the error; with its stack only in development. */
export function defaultHttpError(error: unknown, _req: IncomingMessage, res: ServerResponse): void {
  if (res.headersSent) {
    // Too late for a status: the client must at least see that its answer is not whole.
    if (!res.writableEnded) res.destroy()
    return
  }
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  const { status, fields, body } = errorAnswer(error)
  // What follows a request that cannot be understood cannot be told from it.
  if (status === 400) res.shouldKeepAlive = false
  for (const [name, value] of Object.entries(fields)) res.setHeader(name, value)
  res.writeHead(status)
  res.end(body)
}

/** What a client is told of an error. */
export function errorAnswer(error: unknown): {
  status: number
  fields: Record<string, string>
  body: string
} {
  const status = statusOf(error)
  const body = isDevelopment() ? stackOf(error) : ''
  const fields: Record<string, string> = {}
  if (status === 503) fields['Retry-After'] = RETRY_AFTER
  if (body !== '') fields['Content-Type'] = 'text/plain; charset=utf-8'
  fields['Content-Length'] = String(Buffer.byteLength(body))
  return { status, fields, body }
}

/** Ends the socket; a failure of our own is told with its status first. */
export function defaultWsError(error: unknown, _req: IncomingMessage, socket: Duplex): void {
  const status = statusOf(error)
  if (!(error instanceof UpError) || status === 500 || !socket.writable) {
    lingeringEnd(socket)
    return
  }
  const retry = status === 503 ? `Retry-After: ${RETRY_AFTER}\r\n` : ''
  lingeringEnd(
    socket,
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${retry}Content-Length: 0\r\nConnection: close\r\n\r\n`
  )
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
