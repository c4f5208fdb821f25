import type { IncomingMessage, ServerResponse } from 'node:http'
import { protocolOf } from '../proxy/client-protocol.js'

/** Requests whose upstream says whether the client should send the body. */
const left = new WeakSet<IncomingMessage>()

/** The upstream will answer the request's `Expect: 100-continue`, if it has one. */
export function leaveExpectation(req: IncomingMessage): void {
  left.add(req)
}

/**
 * Answers `Expect: 100-continue` (RFC 9110 section 10.1.1) when somebody here first wants the body.
 *
 * There are many ways to read a stream, with no event in common; all of them ask it by `_read`.
 */
export function continueOnRead(req: IncomingMessage, res: ServerResponse): void {
  const read = req._read
  req._read = function (size) {
    req._read = read
    if (!left.has(req) && !protocolOf(req).isOver(res)) protocolOf(req).writeContinue(res)
    read.call(req, size)
  }
}
