import type { Feed } from '../control/feed.js'
import { History } from '../control/history.js'
import type { ControlStatus, ProxyReload, Steered, SwitchResult } from '../control/steered.js'
import type {
  PauseOptions,
  PauseResult,
  ProxyStatus,
  ReloadOptions,
  ResumeOptions,
  ServerState,
  ServerStatus
} from '../server/api.js'
import { publicState } from './public-state.js'

/** What an app and a proxy have in common. */
interface Pausable {
  status(): (ServerStatus | ProxyStatus) & { readonly state: ServerState }
  pause(options: PauseOptions): Promise<PauseResult>
  resume(options: ResumeOptions): Promise<void>
}

export interface SteeredParts<Server extends Pausable> {
  readonly srv: Server
  readonly feed: Feed
  readonly name: string
  readonly isStopping: () => boolean
  readonly onStop: (why: string) => void
}

/** A program's server as the control API steers it, as far as it is the same whatever it serves. */
export abstract class SteeredServer<Server extends Pausable> implements Steered {
  readonly feed: Feed
  readonly history: History
  protected readonly srv: Server
  readonly #parts: SteeredParts<Server>
  readonly #startedAt = new Date().toISOString()

  constructor(parts: SteeredParts<Server>) {
    this.#parts = parts
    this.srv = parts.srv
    this.feed = parts.feed
    this.history = new History(() => this.status())
  }

  status(): ControlStatus {
    const { name, isStopping } = this.#parts
    const status = this.srv.status()
    return { ...status, name, state: publicState(status.state, isStopping()), startedAt: this.#startedAt }
  }

  ready(): boolean {
    return !this.#parts.isStopping() && this.serves
  }

  stop(why: string): void {
    // A second one would end it at once, as a second signal does.
    if (!this.#parts.isStopping()) this.#parts.onStop(why)
  }

  pause(options: PauseOptions): Promise<PauseResult> {
    return this.srv.pause(options)
  }

  resume(options: ResumeOptions): Promise<void> {
    return this.srv.resume(options)
  }

  abstract reload(why: string, options: ReloadOptions): Promise<SwitchResult | ProxyReload>

  abstract metrics(): Promise<string>

  /** Whether somebody is there to serve. */
  protected abstract get serves(): boolean
}
