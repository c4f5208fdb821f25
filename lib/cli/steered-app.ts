import type { SwitchResult } from '../control/steered.js'
import { APP_METRICS, type AppSource } from '../metrics/app-metrics.js'
import { Exposition } from '../metrics/exposition.js'
import { Lives } from '../metrics/lives.js'
import type { ReloadOptions, ReloadResult } from '../server/api.js'
import { version } from '../server/up.js'
import type { UpServer } from '../server/up-server.js'
import { SteeredServer, type SteeredParts } from './steered-server.js'

interface SteeredAppParts extends SteeredParts<UpServer> {
  readonly onReload: (why: string, options: ReloadOptions) => Promise<ReloadResult>
  /** Settings that the last reload could not apply. */
  readonly notApplied?: () => readonly string[]
}

/** An app and its workers, as the control API steers them. */
export class SteeredApp extends SteeredServer<UpServer> {
  readonly #onReload: SteeredAppParts['onReload']
  readonly #notApplied: () => readonly string[]
  readonly #exposition: Exposition<AppSource>

  constructor({ onReload, notApplied = () => [], ...parts }: SteeredAppParts) {
    super(parts)
    this.#onReload = onReload
    this.#notApplied = notApplied
    const { srv, name, feed } = parts
    const lives = new Lives(feed)
    this.#exposition = new Exposition<AppSource>(APP_METRICS, () => ({
      name,
      upVersion: version,
      status: srv.status(),
      meter: srv.meter,
      lives
    }))
  }

  override metrics(): Promise<string> {
    return this.#exposition.text()
  }

  override async reload(why: string, options: ReloadOptions): Promise<SwitchResult> {
    const result = await timed(() => this.#onReload(why, options))
    return { ...result, notApplied: this.#notApplied() }
  }

  promote(): Promise<SwitchResult> {
    return timed(() => this.srv.promote())
  }

  rollback(): Promise<SwitchResult> {
    return timed(() => this.srv.rollback())
  }

  abort(): Promise<void> {
    return this.srv.abort()
  }

  async scale(workers: number): Promise<void> {
    await this.srv.scale(workers)
    this.feed.tell('scale', { workers })
  }

  protected override get serves(): boolean {
    return this.srv.workers.length > 0
  }
}

async function timed(begin: () => Promise<ReloadResult>): Promise<SwitchResult> {
  const begun = performance.now()
  const { generation, version = null } = await begin()
  return { generation, version, durationMs: Math.round(performance.now() - begun) }
}
