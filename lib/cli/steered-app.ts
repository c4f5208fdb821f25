import type { Feed } from '../control/feed.js'
import { History } from '../control/history.js'
import type { ControlStatus, Steered, SwitchResult } from '../control/steered.js'
import { APP_METRICS, type AppSource } from '../metrics/app-metrics.js'
import { Exposition } from '../metrics/exposition.js'
import { Lives } from '../metrics/lives.js'
import type { PauseOptions, PauseResult, ReloadOptions, ReloadResult, ResumeOptions } from '../server/api.js'
import { version } from '../server/up.js'
import type { UpServer } from '../server/up-server.js'
import { publicState } from './public-state.js'

interface SteeredAppParts {
  readonly srv: UpServer
  readonly feed: Feed
  readonly name: string
  readonly isStopping: () => boolean
  readonly onStop: (why: string) => void
  readonly onReload: (why: string, options: ReloadOptions) => Promise<ReloadResult>
  /** Settings that the last reload could not apply. */
  readonly notApplied?: () => readonly string[]
}

/** An app and its workers, as the control API steers them. */
export class SteeredApp implements Steered {
  readonly feed: Feed
  readonly history: History
  readonly #parts: SteeredAppParts
  readonly #startedAt = new Date().toISOString()
  readonly #exposition: Exposition<AppSource>

  constructor(parts: SteeredAppParts) {
    this.#parts = parts
    this.feed = parts.feed
    const { srv, name, feed } = parts
    const lives = new Lives(feed)
    this.#exposition = new Exposition<AppSource>(APP_METRICS, () => ({
      name,
      upVersion: version,
      status: srv.status(),
      meter: srv.meter,
      lives
    }))
    this.history = new History(() => this.status())
  }

  status(): ControlStatus {
    const { srv, name, isStopping } = this.#parts
    const status = srv.status()
    return {
      ...status,
      name,
      state: publicState(status.state, isStopping()),
      startedAt: this.#startedAt
    }
  }

  ready(): boolean {
    const { srv, isStopping } = this.#parts
    return !isStopping() && srv.workers.length > 0
  }

  metrics(): Promise<string> {
    return this.#exposition.text()
  }

  stop(why: string): void {
    // A second one would end it at once, as a second signal does.
    if (!this.#parts.isStopping()) this.#parts.onStop(why)
  }

  pause(options: PauseOptions): Promise<PauseResult> {
    return this.#parts.srv.pause(options)
  }

  resume(options: ResumeOptions): Promise<void> {
    return this.#parts.srv.resume(options)
  }

  async reload(why: string, options: ReloadOptions): Promise<SwitchResult> {
    const result = await timed(() => this.#parts.onReload(why, options))
    return { ...result, notApplied: this.#parts.notApplied?.() ?? [] }
  }

  promote(): Promise<SwitchResult> {
    return timed(() => this.#parts.srv.promote())
  }

  rollback(): Promise<SwitchResult> {
    return timed(() => this.#parts.srv.rollback())
  }

  abort(): Promise<void> {
    return this.#parts.srv.abort()
  }

  async scale(workers: number): Promise<void> {
    await this.#parts.srv.scale(workers)
    this.feed.tell('scale', { workers })
  }
}

async function timed(begin: () => Promise<ReloadResult>): Promise<SwitchResult> {
  const begun = performance.now()
  const { generation, version = null } = await begin()
  return { generation, version, durationMs: Math.round(performance.now() - begun) }
}
