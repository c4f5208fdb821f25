import type { Worker } from '../worker/worker.js'

/** Events of an UpServer, with their arguments. */
export interface UpServerEvents {
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
export interface ServerStatus {
  readonly pid: number
  readonly state: 'running' | 'closing' | 'closed'
  readonly file: string
  readonly generation: number
  readonly version: string | undefined
  readonly numWorkers: number
  readonly reloading: boolean
  /** Requests that wait for a worker now. */
  readonly held: number
  readonly workers: readonly WorkerStatus[]
}
