import type { Socket } from 'node:net'
import type { WorkerError } from '../errors.js'
import type { FromSharing } from './handoff-messages.js'
import type { Listening } from './listening.js'

/**
 * `spawning`: started, not yet ready. `spawned`: available. `terminating`: retired; it finishes what it
 * has in flight, or is being ended. `terminated`: its process is gone.
 */
export type ReadyState = 'spawning' | 'spawned' | 'terminating' | 'terminated'

/** What counts as in flight, each kind apart. */
export type WorkKind = 'request' | 'upgrade'

/** What a worker tells of itself. */
export interface WorkerEvents {
  /** It says something of the connections that it accepts itself; perhaps with one. */
  sharing: (message: FromSharing, socket: Socket | undefined) => void
  /** A server of its app wants to listen. */
  listen: (listening: Listening) => void
  /** A server listens. */
  bound: (listening: Listening) => void
  /** A server listens no longer, or does not want to any more. */
  unbound: (listening: Listening) => void
  /** It can serve. */
  ready: () => void
  /** It gets no more requests. Only of a worker that was ready. */
  retire: () => void
  /** It was told to end: from now on it serves nobody. */
  ending: () => void
  /** Its process is gone. */
  gone: () => void
  /** It ended although nobody wanted it to, or could not start. Follows `gone`, with what it wrote to stderr. */
  fail: (error: WorkerError) => void
}
