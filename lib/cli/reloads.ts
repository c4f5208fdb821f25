import { UpError } from '../errors.js'
import type { Feed } from '../control/feed.js'
import type { ReloadOptions, ReloadResult } from '../server/api.js'
import type { AppServer } from './app-server.js'
import { formatMs } from './format.js'
import type { Output } from './output.js'
import type { Report } from './report.js'
import { described } from './tell-feed.js'

/** Reloads on request, one at a time: what is asked for during one gives one more after it. */
export class Reloads {
  readonly #srv: AppServer
  readonly #out: Output
  readonly #report: Report
  readonly #feed: Feed
  readonly #prepare: () => void
  #running: Promise<void> | undefined
  #again = false

  /** @param prepare called before each reload */
  constructor(srv: AppServer, out: Output, report: Report, feed: Feed, prepare: () => void) {
    this.#srv = srv
    this.#out = out
    this.#report = report
    this.#feed = feed
    this.#prepare = prepare
  }

  /**
   * Resolves, never rejects, when a reload that began after this call is over.
   *
   * @param why begins a sentence: "app.js changed"
   */
  request(why: string): Promise<void> {
    if (this.#running !== undefined) {
      this.#out.info(`${why}: reloading once more after this reload`)
      this.#again = true
      return this.#running
    }
    this.#out.info(`${why}: reloading`)
    this.#running = this.#run(why).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /**
   * Reloads with options of its own. While another reload runs, it comes behind that one.
   *
   * @throws {UpError} as `UpServer.reload()` rejects; it is told already
   */
  async perform(why: string, options: ReloadOptions): Promise<ReloadResult> {
    this.#out.info(`${why}: reloading`)
    return this.#reload(why, options)
  }

  async #run(why: string): Promise<void> {
    do {
      this.#again = false
      // A shutdown wins over a reload.
      await this.#reload(why, {}).catch((error: unknown) => {
        if (isClosed(error)) this.#again = false
      })
    } while (this.#again)
  }

  async #reload(why: string, options: ReloadOptions): Promise<ReloadResult> {
    this.#prepare()
    this.#report.forget()
    const started = performance.now()
    const { version: before, numWorkers } = this.#srv.status()
    this.#feed.tell('reloading', { why })
    const tookMs = (): number => Math.round(performance.now() - started)
    try {
      const result = await this.#srv.reload(options)
      const { generation, version } = result
      const done = options.standby === true || options.canary !== undefined ? 'ready to serve' : 'reloaded'
      const versions = describeVersions(before, version)
      this.#out.good(`${done} in ${formatMs(tookMs())}: generation ${generation}${versions}`)
      const { notApplied } = this.#srv
      if (notApplied.length > 0) this.#out.warn(`other settings need a restart: ${notApplied.join(', ')}`)
      // Those that go on serving beside it are to be as many.
      if (options.standby === true && this.#srv.numWorkers !== numWorkers)
        await this.#srv.scale(this.#srv.numWorkers)
      this.#feed.tell('reload', { outcome: 'ok', generation, version: version ?? null, durationMs: tookMs() })
      return result
    } catch (error) {
      this.#feed.tell('reload', { outcome: 'failed', durationMs: tookMs(), error: described(error) })
      // A shutdown tells of itself.
      if (!isClosed(error)) this.#report.fail(error as Error)
      throw error
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof UpError && error.code === 'UP_ERR_CLOSED'
}

function describeVersions(before: string | undefined, after: string | undefined): string {
  if (after === undefined) return ''
  return before === undefined || before === after ? `, version ${after}` : `, version ${before} -> ${after}`
}
