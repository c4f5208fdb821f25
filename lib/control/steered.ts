import type { UpstreamTarget } from '../options/upstream.js'
import type {
  PauseOptions,
  PauseResult,
  ProxyStatus,
  ReloadOptions,
  ResumeOptions,
  ServerStatus
} from '../server/api.js'
import type { Feed } from './feed.js'
import type { History } from './history.js'

/** What a switch has led to. */
export interface SwitchResult {
  /** The generation that serves now; of a reload with `standby`, the one that waits. */
  readonly generation: number
  readonly version: string | null
  readonly durationMs: number
  /** Of a reload: settings that are other ones now, and that only a restart can apply. */
  readonly notApplied?: readonly string[]
}

/** What a reload of a proxy has led to. */
export interface ProxyReload {
  readonly durationMs: number
  /** Settings that are other ones now, and that only a restart can apply. */
  readonly notApplied: readonly string[]
}

/** What is said of the program besides the state of its server. */
export interface InstanceStatus {
  readonly name: string
  readonly state: 'running' | 'paused' | 'stopping'
  /** ISO 8601. */
  readonly startedAt: string
}

export type ControlStatus = (Omit<ServerStatus, 'state'> | Omit<ProxyStatus, 'state'>) & InstanceStatus

/** What the control API shows and steers. A verb that is not there is not to be had: a proxy has no workers to scale. */
export interface Steered {
  readonly feed: Feed
  readonly history: History
  status(): ControlStatus
  /** Whether somebody can serve, and no shutdown runs. */
  ready(): boolean
  /** Finishes what is in flight, and ends the program. */
  stop(why: string): void
  pause(options: PauseOptions): Promise<PauseResult>
  resume(options: ResumeOptions): Promise<void>
  /** Of a proxy: its configuration. */
  reload(why: string, options: ReloadOptions): Promise<SwitchResult | ProxyReload>
  promote?(): Promise<SwitchResult>
  rollback?(): Promise<SwitchResult>
  abort?(): Promise<void>
  scale?(workers: number): Promise<void>
  addUpstream?(target: UpstreamTarget): object
  removeUpstream?(name: string): void
  drainUpstream?(name: string, timeout: string | number | undefined): Promise<object>
  /** Prometheus' text format. */
  metrics?(): Promise<string>
}
