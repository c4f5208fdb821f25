import { ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import { isHttp2, streamOf } from './http2-client.js'

/** What the client was sent. */
export interface AnswerEnd {
  /** undefined: it left before there was an answer. */
  readonly status: number | undefined
  /** Of the body. */
  readonly bytes: number
  readonly whole: boolean
}

type Write = (chunk: unknown, ...rest: unknown[]) => boolean

const counting = new WeakSet<object>()

/** Whether this is a `write` that only counts, before it does what the ordinary one does. */
export function onlyCounts(write: object): boolean {
  return counting.has(write)
}

/** Counts the bytes of an answer's body, and calls back once when all is over with it. */
export function watchAnswer(res: ServerResponse, onEnd: (end: AnswerEnd) => void): void {
  let bytes = 0
  const count = (chunk: unknown, encoding: unknown): void => {
    if (typeof chunk === 'string') bytes += Buffer.byteLength(chunk, encoding as BufferEncoding)
    else if (chunk instanceof Uint8Array) bytes += chunk.byteLength
  }
  const write = res.write.bind(res) as Write
  const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse
  // node:http writes the last piece by a way of its own; node:http2 by `write`.
  let isEnding = false
  const counted: Write = (chunk, ...rest) => {
    if (!isEnding) count(chunk, encodingOf(rest[0]))
    return write(chunk, ...rest)
  }
  if (res.write === ServerResponse.prototype.write) counting.add(counted)
  res.write = counted
  res.end = (...args: unknown[]) => {
    const [chunk, encoding] = args
    if (!res.writableEnded) count(chunk, encodingOf(encoding))
    isEnding = true
    try {
      return end(...args)
    } finally {
      isEnding = false
    }
  }
  res.once('close', () => {
    const status = res.headersSent ? res.statusCode : undefined
    const isEmpty = res.req.method === 'HEAD' || status === 204 || status === 304
    onEnd({ status, bytes: isEmpty ? 0 : bytes, whole: isWhole(res) })
  })
}

function encodingOf(value: unknown): BufferEncoding | undefined {
  return typeof value === 'string' ? (value as BufferEncoding) : undefined
}

function isWhole(res: ServerResponse): boolean {
  if (!res.headersSent) return false
  if (!isHttp2(res.req)) return res.writableFinished
  const stream = streamOf(res)
  return res.writableEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR
}
