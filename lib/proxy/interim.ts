import type { ServerResponse } from 'node:http'
import { clientFields } from './response-fields.js'
import type { ResponseHead } from './response-head.js'

/** So many interim answers may wait for the answers before them; they are hints, which may be lost. */
const MAX_WAITING = 8

/** An interim answer (RFC 9110 section 15.2) as it goes to the client: latin1. */
export function interimText(head: ResponseHead, via: string | undefined): string {
  const fields = clientFields(head, via)
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i] ?? ''}: ${fields[i + 1] ?? ''}\r\n`
  return `${text}\r\n`
}

/** Sends an interim answer. */
export function writeInterim(res: ServerResponse, head: ResponseHead, via: string | undefined): void {
  if (res.listenerCount('socket') >= MAX_WAITING) return
  const text = interimText(head, via)
  inTurn(res, () => res.socket?.write(text, 'latin1'))
}

/** Lets the client send its body, unless the answer has come meanwhile. */
export function writeContinue(res: ServerResponse): void {
  inTurn(res, () => {
    if (!res.headersSent) res.writeContinue()
  })
}

/**
 * Waits for the answers to pipelined requests before this one: what is interim, node:http would put behind
 * the head of the final answer, once both wait.
 */
function inTurn(res: ServerResponse, send: () => void): void {
  if (res.socket !== null) send()
  else if (!res.destroyed) res.once('socket', send)
}
