import { ServerResponse } from 'node:http'
import type { ClientProtocol } from './client-protocol.js'
import { writeContinue, writeInterim } from './interim.js'
import { writeResponseHead } from './response-fields.js'
import { onlyCounts } from './watch-answer.js'
import { truncate } from './truncate.js'

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

  sendAll(res) {
    // Middleware may have put its own function in the place of `write`, and keep what it gets.
    if (res.write !== ServerResponse.prototype.write && !onlyCounts(res.write)) return false
    // node:http corks the socket for the rest of the tick, to put short pieces together.
    res.socket?.uncork()
    return res.writableLength === 0
  },

  truncate(req, res, head) {
    if (res.socket !== null) truncate(res.socket, head, req.httpVersionMinor === 0)
    res.destroy()
  }
}
