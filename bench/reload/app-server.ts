import { createServer, type Server } from 'node:http'
import app from './app.js'

/** No connection of the bench is closed for its silence. */
export const PATIENT = { keepAliveTimeout: 300_000, headersTimeout: 300_000 } as const

/** All that connect at once may wait. */
export const BACKLOG = 4096

/**
 * The app with a server of its own, as a careful user writes it: while its worker leaves, each answer says that the
 * connection will be closed, so that its client knows.
 */
export function createAppServer(isLeaving: () => boolean = () => false): Server {
  return createServer(PATIENT, (req, res) => {
    if (isLeaving()) res.setHeader('Connection', 'close')
    app(req, res)
  })
}
