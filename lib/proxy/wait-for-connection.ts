import type { Duplex } from 'node:stream'
import type { UpstreamConnection } from './connection.js'
import { DONE, type Outcome } from './outcome.js'
import type { Upstream } from './upstream.js'

/**
 * Waits in the upstream's line for one of its connections, all of which are busy. Nothing was sent
 * meanwhile: when the upstream leaves, the request can go to another.
 *
 * @param isWanted whether the client still waits for its answer
 * @param begin begins the request on its connection, in the tick in which that is free
 * @param settle gets the outcome, where it does not come to that
 */
export function waitForConnection(
  upstream: Upstream,
  client: Duplex,
  isWanted: () => boolean,
  begin: (connection: UpstreamConnection) => void,
  settle: (outcome: Outcome) => void
): void {
  const { pool } = upstream
  pool.queue?.enter(
    {
      client,
      onTurn: connection => {
        if (isWanted()) return begin(connection)
        // Somebody else has answered, a time limit in middleware for example.
        pool.release(connection)
        settle(DONE)
      },
      onRefused: error => {
        if (error.code === 'UP_ERR_CLIENT_CLOSED') return settle(DONE)
        // It waited as long as it may, or there were too many; otherwise the upstream had it leave.
        const isOver = error.code === 'UP_ERR_HOLD_TIMEOUT' || error.code === 'UP_ERR_HOLD_FULL'
        settle({ kind: 'failed', error, retry: isOver ? 'never' : 'unsent' })
      }
    },
    performance.now()
  )
}
