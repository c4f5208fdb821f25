import type { Sample } from '#lib/control/history.js'
import type { ControlStatus } from '#lib/control/steered.js'
import type { Json } from '#lib/control/to-json.js'

export type { Sample }

/** The state of a program, and when it was so, by the clock of the server. */
export type Status = Json<ControlStatus> & { readonly at: number }

export type AppStatus = Extract<Status, { readonly workers: unknown }>
export type ProxyStatus = Extract<Status, { readonly upstreams: unknown }>

export type WorkerRow = AppStatus['workers'][number]
export type UpstreamRow = ProxyStatus['upstreams'][number]

/** @returns undefined: it is a proxy, or not known yet */
export function appOf(status: Status | undefined): AppStatus | undefined {
  return status !== undefined && 'workers' in status ? status : undefined
}

export type Columns = { [Name in keyof Sample]: Sample[Name][] }

/** Something that happened, with what the page uses of it: see lib/cli/tell-feed.ts. */
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
