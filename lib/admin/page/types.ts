/** What the page uses of the control API's JSON: see lib/server/api.ts and lib/control/. */

export interface WorkerRow {
  readonly pid?: number
  readonly generation: number
  readonly version?: string
  readonly state: 'spawning' | 'spawned' | 'terminating' | 'terminated'
  readonly ageMs: number
  readonly inFlight: number
  readonly upgrades: number
  readonly connections: number
  readonly requests: number
  readonly errors: number
  readonly p99Ms: number | null
  readonly cpuPercent: number | null
  readonly memoryBytes: number | null
}

export interface UpstreamRow {
  readonly name: string
  readonly state: 'available' | 'unavailable' | 'draining' | 'removed'
  readonly reason: string | null
  readonly backup: boolean
  readonly weight: number
  readonly inFlight: number
  readonly upgrades: number
  readonly requests: number
}

export interface Status {
  /** When it was so, by the clock of the server. */
  readonly at: number
  readonly name: string
  readonly pid: number
  readonly state: 'running' | 'paused' | 'stopping'
  readonly startedAt: string
  readonly held: number
  readonly oldestHeldMs: number
  readonly pausedBy: readonly string[]
  readonly file?: string
  readonly generation?: number
  readonly version?: string
  readonly numWorkers?: number
  readonly reloading?: boolean
  readonly standby?: { readonly generation: number; readonly version?: string } | null
  readonly canary?: { readonly generation: number; readonly share: number } | null
  /** Of an app. */
  readonly workers?: readonly WorkerRow[]
  /** Of a proxy. */
  readonly upstreams?: readonly UpstreamRow[]
}

export interface Sample {
  readonly at: number
  readonly requestsPerSecond: number
  readonly errorsPerSecond: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly inFlight: number
  readonly held: number
  readonly memoryBytes: number | null
  readonly cpuPercent: number | null
}

export type Columns = { [Name in keyof Sample]: Sample[Name][] }

/** Something that happened. */
export interface Happened {
  readonly id: number
  readonly type: string
  readonly at: number
  readonly why?: string
  readonly pid?: number | null
  readonly generation?: number
  readonly version?: string | null
  readonly readyMs?: number
  readonly durationMs?: number
  readonly ageMs?: number
  readonly outcome?: 'ok' | 'failed'
  readonly error?: { readonly code: string; readonly message: string }
  readonly code?: number | string | null
  readonly signal?: string | null
  readonly message?: string
  readonly name?: string
  readonly reason?: string
  readonly pausedBy?: readonly string[]
  readonly workers?: number
}
