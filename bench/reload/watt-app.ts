import type { Server } from 'node:http'
import { createAppServer } from './app-server.js'

let leaving = false

export function create(): Server {
  return createAppServer(() => leaving)
}

/**
 * Watt calls it before it closes the server of a worker that is to leave. It says `Connection: close` itself, but by
 * a listener behind the app's, which is too late where the app answers at once.
 */
export function close(): void {
  leaving = true
}
