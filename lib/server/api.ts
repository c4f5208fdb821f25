import type { UpstreamStatus } from '../external/external-upstream.js'
import type { Duration } from '../options/duration.js'
import type { Worker } from '../worker/worker.js'

/** Why requests are held though somebody could serve them: `pause()`, or the option `holdFile`. */
export type ShutBy = 'pause' | 'hold-file'

/** What is held, and what became of what was. Counts begin at the start. */
export interface HoldStatus {
  /** What holds requests now; empty: nothing does. */
  readonly pausedBy: readonly ShutBy[]
  /** Since when, in milliseconds since the epoch. */
  readonly pausedSince: number | null
  /** Requests that wait now. */
  readonly held: number
  /** How long the first of them has waited, in milliseconds. */
  readonly oldestHeldMs: number
  /** The longest time that any request has waited, in milliseconds. */
  readonly longestWaitMs: number
  /** Requests that waited and then went on. */
  readonly released: number
  /** Requests that waited for `holdTimeout`, and got 503. */
  readonly expired: number
  /** Requests whose client left while they waited. */
  readonly givenUp: number
  /** Requests that found `maxHeld` waiting, and got 503. */
  readonly refused: number
}

/** Options of `pause()`. */
export interface PauseOptions {
  /** How long to wait for what is in flight. Default `'30s'`; 0 is no limit. */
  readonly timeout?: Duration
  /** How long each request may be held during this pause. Default: the option `holdTimeout`; 0 is no limit. */
  readonly holdTimeout?: Duration
}

/** What `pause()` resolves to. */
export interface PauseResult {
  /** Whether every request that was forwarded has its answer: nothing is asked of the backends any more. */
  readonly drained: boolean
  /** Requests that are still being answered. */
  readonly remaining: number
}

/** Options of `resume()`. */
export interface ResumeOptions {
  /** How many of the held requests go on each second. Default: all at once. */
  readonly rate?: number
}

/** Events of whatever balances requests. */
export interface BalancedServerEvents {
  /** Requests are held from now on. */
  pause: (status: HoldStatus) => void
  /** Requests are served again; those that were held go on. */
  resume: (status: HoldStatus) => void
}

/** Events of a ProxyServer, with their arguments. */
export interface ProxyServerEvents extends BalancedServerEvents {
  /** An upstream takes requests from now on. */
  available: (upstream: UpstreamStatus) => void
  /** An upstream takes none any more: it refused a connection, failed its health checks, or was drained or removed. */
  unavailable: (upstream: UpstreamStatus, reason: Error) => void
}

/** The state of a ProxyServer as plain data: see `ProxyServer.status()`. */
export interface ProxyStatus extends HoldStatus {
  readonly pid: number
  /** `paused`: requests are held, by `pause()` or for want of the hold file. */
  readonly state: ServerState
  readonly upstreams: readonly UpstreamStatus[]
}

/** Events of an UpServer, with their arguments. */
export interface UpServerEvents extends BalancedServerEvents {
  /** A worker is ready. */
  spawn: (worker: Worker) => void
  /** A reload's switch is made: every new request now goes to the new generation. */
  reload: (result: ReloadResult) => void
  /** A worker gets no more requests; it leaves when its in-flight work is done. */
  retire: (worker: Worker) => void
  /** A worker's process is gone; see its `exitCode` and `signalCode`. Once per worker. */
  terminate: (worker: Worker) => void
  /** A start, a reload or a worker failed. An UpError; match on its `code`. */
  fail: (error: Error) => void
}

/** What `reload()` resolves to. */
export interface ReloadResult {
  /** The number of the generation that serves now. */
  readonly generation: number
  /** Version in the app's nearest package.json when this generation was started, if it has one. */
  readonly version: string | undefined
  /** The available workers of this generation. */
  readonly workers: readonly Worker[]
}

export type ServerState = 'running' | 'paused' | 'closing' | 'closed'

/** One worker in {@link ServerStatus}. */
export interface WorkerStatus {
  readonly pid: number | undefined
  readonly generation: number
  readonly version: string | undefined
  readonly state: 'spawning' | 'spawned' | 'terminating' | 'terminated'
  readonly ageMs: number
  /** Requests that are being answered. */
  readonly inFlight: number
  /** Open upgrades, such as WebSockets. */
  readonly upgrades: number
  /** Requests and upgrades that it was given, in all. */
  readonly requests: number
}

/** The state of an UpServer as plain data: see `UpServer.status()`. */
export interface ServerStatus extends HoldStatus {
  readonly pid: number
  /** `paused`: requests are held, by `pause()` or for want of the hold file. */
  readonly state: ServerState
  readonly file: string
  readonly generation: number
  readonly version: string | undefined
  readonly numWorkers: number
  readonly reloading: boolean
  readonly workers: readonly WorkerStatus[]
}
