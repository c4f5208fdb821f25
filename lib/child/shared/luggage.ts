import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Luggage } from '../../worker/handoff-messages.js'
import { timeLeft } from './time-left.js'

/**
 * What a quiet connection takes along to another worker.
 *
 * @param born when it came, by `performance.now()`
 */
export function pack(socket: Socket, { headersTimeout, requestTimeout }: HttpServer, born: number): Luggage {
  const used = socket.bytesRead > 0
  const limits = [timeLeft(socket) ?? Infinity]
  if (!used) {
    const age = performance.now() - born
    for (const limit of [headersTimeout, requestTimeout]) if (limit > 0) limits.push(Math.max(0, limit - age))
  }
  const leftMs = Math.min(...limits)
  return { used, leftMs: leftMs === Infinity ? undefined : leftMs }
}

/** Nobody has waited for it yet: it may come to a server as if it had been accepted just now. */
export function isNew({ used, leftMs }: Luggage): boolean {
  return !used && leftMs === undefined
}
