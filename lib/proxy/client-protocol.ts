import type { IncomingMessage, ServerResponse } from 'node:http'
import { http1 } from './http1-client.js'
import { http2, isHttp2 } from './http2-client.js'
import type { ResponseHead } from './response-head.js'

/**
 * The client's side of an exchange, as far as its protocol decides it. There is one object per protocol, and
 * none per request.
 */
export interface ClientProtocol {
  /** Whether the answer was given, or nobody waits for it any more. */
  isOver(res: ServerResponse): boolean
  /** Whether an answer that is closed was sent to its end, by whomever. */
  isSent(res: ServerResponse): boolean
  /** Whether the end of the request's body is one that the client meant. */
  isWhole(req: IncomingMessage): boolean
  /** Lets the client send the body that it keeps back, unless the answer has come meanwhile. */
  writeContinue(res: ServerResponse): void
  /** Passes a 1xx answer on, where the client can use it; `via` is our name in its Via field, if it gets one. */
  writeInterim(res: ServerResponse, head: ResponseHead, via: string | undefined): void
  /** Begins the answer; what middleware set before stays. */
  writeHead(res: ServerResponse, head: ResponseHead, via: string | undefined): void
  /** Sends the head, if it is still kept back. */
  flushHead(res: ServerResponse): boolean
  /** Tries to send all that was written. Returns whether it is with the system now, and with nobody else. */
  sendAll(res: ServerResponse): boolean
  /** Ends an answer that is not whole, so that the client can tell. */
  truncate(req: IncomingMessage, res: ServerResponse, head: ResponseHead): void
}

export function protocolOf(req: IncomingMessage): ClientProtocol {
  return isHttp2(req) ? http2 : http1
}
