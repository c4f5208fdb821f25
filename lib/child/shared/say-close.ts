import type { ServerResponse } from 'node:http'

/** What the client of an http server hears that is to leave by itself: `Connection: close`. */
export function sayClose(res: unknown): void {
  if (typeof res !== 'object' || res === null || !('shouldKeepAlive' in res)) return
  if (!(res as ServerResponse).headersSent) res.shouldKeepAlive = false
}
