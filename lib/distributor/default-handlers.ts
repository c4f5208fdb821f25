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

/** What a client is told of an error. */
export interface ErrorAnswer {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers with the status that belongs to the error; with its stack only in development. */
export function defaultHttpError(error: unknown, _req: IncomingMessage, res: ServerResponse): void {
  answerError(errorAnswer(error), res)
}

/** Answers, unless an answer has begun. */
export function answerError({ status, fields, body }: ErrorAnswer, res: ServerResponse): void {
  if (res.headersSent) {
    // Too late for a status: the client must at least see that its answer is not whole.
    if (!res.writableEnded) res.destroy()
    return
  }
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  // What follows a request that cannot be understood cannot be told from it.
  if (status === 400) res.shouldKeepAlive = false
  for (const [name, value] of Object.entries(fields)) res.setHeader(name, value)
  res.writeHead(status)
  res.end(body)
}

export function errorAnswer(error: unknown): ErrorAnswer {
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
  const { status, fields } = errorAnswer(error)
  answerUpgradeError(error, { status, fields: { ...fields, 'Content-Length': '0' }, body: '' }, socket)
}

/** Answers a failure of our own, and ends the socket. */
export function answerUpgradeError(error: unknown, answer: ErrorAnswer, socket: Duplex): void {
  const isOurs = error instanceof UpError && statusOf(error) !== 500
  lingeringEnd(socket, isOurs && socket.writable ? answerText(answer, 'Connection: close\r\n') : '')
}

/** An answer as bytes, one character each. */
export function answerText(
  { status, fields, body }: ErrorAnswer,
  persistence: string,
  method = 'GET'
): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (const [name, value] of Object.entries(fields)) text += `${name}: ${value}\r\n`
  text += `Date: ${new Date().toUTCString()}\r\n${persistence}\r\n`
  return method === 'HEAD' ? text : text + Buffer.from(body).toString('latin1')
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
