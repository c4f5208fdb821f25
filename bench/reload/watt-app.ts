import type { Server } from 'node:http'
import { createAppServer } from './app-server.js'

/** Watt lets the server listen, and makes it say `Connection: close` while its worker leaves. */
export function create(): Server {
  return createAppServer()
}
