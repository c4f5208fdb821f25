import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, Http2ServerRequest, type ServerHttp2Stream } from 'node:http2'
import { UpstreamError } from '../errors.js'
import type { ClientProtocol } from './client-protocol.js'
import { clientFields, groupFields } from './response-fields.js'
import type { ResponseHead } from './response-head.js'

const LISTS = new Set(['content-encoding', 'content-language'])

/**
 * A client that speaks HTTP/2: its request and our answer are a stream, and node:http2 shows the two as objects
 * that resemble those of node:http.
 */
export const http2: ClientProtocol = {
  isOver: res => streamOf(res).closed || streamOf(res).destroyed || res.writableEnded,

  // A stream that was reset may look finished, too. Nothing is lost by taking one for the other.
  isSent: () => false,

  // node:http2 ends a body that was reset like one that is whole.
  isWhole: req => !streamOf(req).closed,

  writeContinue(res) {
    // Behind a reset it would throw.
    if (!res.headersSent && !streamOf(res).closed) res.writeContinue()
  },

  writeInterim(res, head, via) {
    if (res.headersSent || streamOf(res).closed) return
    try {
      const fields = Object.fromEntries(groupFields(clientFields(head, via)))
      streamOf(res).additionalHeaders({ ...fields, ':status': head.status })
    } catch {
      // A field that HTTP/2 has not, or only once: a hint may be lost.
    }
  },

  writeHead(res, head, via) {
    const groups = groupFields(clientFields(head, via))
    try {
      for (const [name, values] of groups) setField(res, name, values)
      // The body is the upstream's: a length that middleware set for one of its own is not its length.
      if (head.framing !== 'none' && head.framing !== 'length') res.removeHeader('content-length')
      respond(res, head, groups)
    } catch (cause) {
      if (res.headersSent) throw cause
      for (const name of groups.keys()) res.removeHeader(name)
      const message = `the upstream's answer cannot be sent by HTTP/2: ${String(cause)}`
      throw new UpstreamError('UP_ERR_BAD_RESPONSE', message, { cause })
    }
  },

  // The head goes at once.
  flushHead: () => true,

  // Frames wait for the session to send them.
  sendAll: () => false,

  truncate: (_req, res) => resetAnswer(res)
}

/** Ends an answer by an error of its stream. Without one it would seem to be whole. */
export function resetAnswer(res: ServerResponse): void {
  streamOf(res).close(constants.NGHTTP2_INTERNAL_ERROR)
}

/** Whether node:http2 made it. The version that a request tells of itself may be any, also in HTTP/1.1. */
export function isHttp2(req: unknown): boolean {
  return req instanceof Http2ServerRequest
}

/** The stream of a request or an answer of node:http2. */
export function streamOf(message: IncomingMessage | ServerResponse): ServerHttp2Stream {
  return (message as unknown as { readonly stream: ServerHttp2Stream }).stream
}

function setField(res: ServerResponse, name: string, values: readonly string[]): void {
  if (name.toLowerCase() === 'set-cookie') for (const value of values) res.appendHeader(name, value)
  else res.setHeader(name, values.length === 1 ? (values[0] ?? '') : values)
}

function respond(res: ServerResponse, head: ResponseHead, groups: ReadonlyMap<string, string[]>): void {
  try {
    // HTTP/2 has no reason phrase.
    res.writeHead(head.status)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_HTTP2_HEADER_SINGLE_VALUE') throw error
    // Fields that must not be repeated, and were: clients of HTTP/1.1 mostly heed the first. Two that
    // node:http2 counts among them are lists.
    for (const [name, values] of groups) {
      const lower = name.toLowerCase()
      if (LISTS.has(lower)) res.setHeader(name, values.join(', '))
      else if (lower !== 'set-cookie') res.setHeader(name, values[0] ?? '')
    }
    res.writeHead(head.status)
  }
}
