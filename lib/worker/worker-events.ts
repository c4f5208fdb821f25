import type { WorkerError } from '../errors.js'

/**
 * `spawning`: started, not yet ready. `spawned`: available. `terminating`: retired; it finishes what it
 * has in flight, or is being ended. `terminated`: its process is gone.
 */
export type ReadyState = 'spawning' | 'spawned' | 'terminating' | 'terminated'

/** What counts as in flight, each kind apart. */
export type WorkKind = 'request' | 'upgrade'

/** What a worker tells of itself. */
export interface WorkerEvents {
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
