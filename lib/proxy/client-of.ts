import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { isHttp2, streamOf } from './http2-client.js'

/** What is open as long as the client waits for its answer: its connection, or in HTTP/2 its stream. */
export function clientOf(req: IncomingMessage): Duplex {
  return isHttp2(req) ? streamOf(req) : req.socket
}
