import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientProtocol } from './client-protocol.js'
import { writeContinue, writeInterim } from './interim.js'
import { writeResponseHead } from './response-fields.js'

const EMPTY = Buffer.alloc(0)

/** A client that speaks HTTP/1.1 or HTTP/1.0. */
export const http1: ClientProtocol = {
  isOver: res => res.destroyed || res.writableEnded,

  isSent: res => res.writableFinished,

  // node:http tells no end of a body that is cut off.
  isWhole: () => true,

  writeContinue(res) {
    if (res.req.httpVersionMinor > 0) writeContinue(res)
  },

  writeInterim(res, head, via) {
    if (res.req.httpVersionMinor > 0 && !res.headersSent) writeInterim(res, head, via)
  },

  writeHead: writeResponseHead,

  // An empty piece makes node:http send the head that it keeps back.
  flushHead: res => res.write(EMPTY),

  truncate(req: IncomingMessage, res: ServerResponse, head) {
    const socket: Socket | null = res.socket
    const delimitedByClose =
      head.framing === 'close' || (req.httpVersionMinor === 0 && head.framing !== 'length')
    if (delimitedByClose && socket !== null && !('encrypted' in socket)) socket.resetAndDestroy()
    else res.destroy()
  }
}
