import type { UpstreamStatus } from '../external/external-upstream.js'
import type { Duration } from '../options/duration.js'
import type { Protocol } from '../worker/messages.js'
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

/** One upstream in {@link ProxyStatus}. */
export interface UpstreamFigures extends UpstreamStatus, BackendFigures {}

/** The state of a ProxyServer as plain data: see `ProxyServer.status()`. */
export interface ProxyStatus extends HoldStatus {
  readonly pid: number
  /** `paused`: requests are held, by `pause()` or for want of the hold file. */
  readonly state: ServerState
  readonly upstreams: readonly UpstreamFigures[]
  readonly traffic: TrafficStatus
}

/** Events of an UpServer, with their arguments. */
export interface UpServerEvents extends BalancedServerEvents {
  /** The master listens for a server of the app's; see the option `listen`. */
  listening: (port: PortStatus) => void
  /** A worker is ready. */
  spawn: (worker: Worker) => void
  /** A switch is made, by a reload, `promote()` or `rollback()`: every new request now goes to this generation. */
  reload: (result: ReloadResult) => void
  /** A generation is ready and waits, by `reload({ standby: true })`; or it has its share, by `canary`. */
  standby: (result: ReloadResult) => void
  /** A worker gets no more requests; it leaves when its in-flight work is done. */
  retire: (worker: Worker) => void
  /** A worker's process is gone; see its `exitCode` and `signalCode`. Once per worker. */
  terminate: (worker: Worker) => void
  /** A start, a reload or a worker failed. An UpError; match on its `code`. */
  fail: (error: Error) => void
}

/** When a canary is aborted by itself. */
export interface AutoAbort {
  /** It is, once its share of answers with 5xx is more than so many times the old generation's. From 1. */
  readonly factor: number
  /** ... and it has had so many requests. The old generation is taken to have had one error in so many, at least. */
  readonly requests: number
}

/** Options of `reload()`. */
export interface ReloadOptions {
  /** The new generation starts and waits, without requests, for `promote()` or `abort()`. Default false. */
  readonly standby?: boolean
  /** The waiting generation gets this share of the clients: more than 0, less than 1. Default: none. */
  readonly canary?: number
  /** Aborts the canary by itself. Default: never. */
  readonly autoAbort?: AutoAbort
  /** As the option of the same name, for this switch. */
  readonly keepPrevious?: boolean
}

/** What `reload()`, `promote()` and `rollback()` resolve to. */
export interface ReloadResult {
  /** The number of the generation that serves now; with `standby`, of the one that waits. */
  readonly generation: number
  /** Version in the app's nearest package.json when this generation was started, if it has one. */
  readonly version: string | undefined
  /** The available workers of this generation. */
  readonly workers: readonly Worker[]
}

export type ServerState = 'running' | 'paused' | 'closing' | 'closed'

/** What became of the requests that a worker or an upstream was given. */
export interface BackendFigures {
  /** Of its answers, those with a status of 500 and more; and requests that it broke off, where the master sees them. */
  readonly errors: number
  /** 99 of 100 of the last 5 to 10 seconds took no longer, in milliseconds; null: there were none. */
  readonly p99Ms: number | null
}

/** One worker in {@link ServerStatus}. */
export interface WorkerStatus extends BackendFigures {
  readonly pid: number | undefined
  readonly generation: number
  readonly version: string | undefined
  readonly state: 'spawning' | 'spawned' | 'terminating' | 'terminated'
  readonly ageMs: number
  /** Requests that are being answered. */
  readonly inFlight: number
  /** Open upgrades, such as WebSockets. */
  readonly upgrades: number
  /** Clients' connections that it has accepted itself: see the option `transport`. */
  readonly connections: number
  /** Requests and upgrades that it was given, in all. */
  readonly requests: number
  /** Of one CPU, in the last second; null until its first report. */
  readonly cpuPercent: number | null
  /** What it has of the machine's memory (RSS); null until its first report. */
  readonly memoryBytes: number | null
  /** How late its timers are, in milliseconds: 99 of 100 were less in the last second; null until its first report. */
  readonly lagMs: number | null
}

/** What became of all requests; with `transport: 'handoff'` by the workers' last reports, four a second. */
export interface TrafficStatus {
  /** Answered since the start. */
  readonly answered: number
  /** Of these, those with a status of 500 and more, and those that were broken off. */
  readonly errors: number
  /** Times that a request was given to a worker once more, after one had failed. */
  readonly retries: number
  /** Half of the last 5 to 10 seconds took no longer, in milliseconds; null: there were none. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Answered each second, over the last five whole seconds. */
  readonly requestsPerSecond: number
  /** Requests that workers, or upstreams, are answering now. */
  readonly inFlight: number
}

/** Where the master listens for its workers: an address and a port, or the path of a UNIX socket. */
export type PortStatus =
  | { readonly protocol: Protocol; readonly address: string; readonly port: number }
  | { readonly protocol: Protocol; readonly path: string }

/** A generation that waits for `promote()` or `abort()`. */
export interface StandbyStatus {
  readonly generation: number
  readonly version: string | undefined
  /** How many of its workers can serve. */
  readonly workers: number
}

/** Answers of one generation since a canary began. */
export interface AnswerStatus {
  readonly generation: number
  readonly requests: number
  /** Those with a status of 500 and more. */
  readonly errors: number
  /** 99 of 100 took no longer than this, in milliseconds. */
  readonly p99Ms: number
}

/** Answers of the waiting generation that has a share of the clients. */
export interface CanaryStatus extends AnswerStatus {
  readonly share: number
  /** Those of the generation that serves. */
  readonly serving: AnswerStatus
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
  /** Whether a reload runs, or another switch. */
  readonly reloading: boolean
  /** The generation that waits, if one does. */
  readonly standby: StandbyStatus | null
  /** What it and the old one answered, if it has a share of the clients. */
  readonly canary: CanaryStatus | null
  readonly workers: readonly WorkerStatus[]
  readonly traffic: TrafficStatus
  /** Where clients connect to. */
  readonly ports: readonly PortStatus[]
}
