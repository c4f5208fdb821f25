import type { Socket } from 'node:net'
import type { ResponseHead } from './response-head.js'

/**
 * Ends the connection of a client of HTTP/1 so that it can tell that its answer is not whole: where the end of the
 * connection would be the end of the answer, by a reset.
 */
export function truncate(client: Socket, { framing }: ResponseHead, http10: boolean): void {
  const delimitedByClose = framing === 'close' || (http10 && framing !== 'length')
  if (delimitedByClose && !('encrypted' in client)) client.resetAndDestroy()
  else client.destroy()
}
