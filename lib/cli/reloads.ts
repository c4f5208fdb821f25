import { UpError } from '../errors.js'
import type { UpServer } from '../server/up-server.js'
import { formatMs } from './format.js'
import type { Output } from './output.js'
import type { Report } from './report.js'

/** Reloads on request, one at a time: what is asked for during one gives one more after it. */
export class Reloads {
  readonly #srv: UpServer
  readonly #out: Output
  readonly #report: Report
  readonly #prepare: () => void
  #running: Promise<void> | undefined
  #again = false

  /** @param prepare called before each reload */
  constructor(srv: UpServer, out: Output, report: Report, prepare: () => void) {
    this.#srv = srv
    this.#out = out
    this.#report = report
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
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<void> {
    do {
      this.#again = false
      await this.#reload()
    } while (this.#again)
  }

  async #reload(): Promise<void> {
    this.#prepare()
    this.#report.forget()
    const started = performance.now()
    const before = this.#srv.status().version
    try {
      const { generation, version } = await this.#srv.reload()
      const took = formatMs(performance.now() - started)
      this.#out.good(`reloaded in ${took}: generation ${generation}${describeVersions(before, version)}`)
    } catch (error) {
      // A shutdown wins over a reload, and tells of itself.
      if (error instanceof UpError && error.code === 'UP_ERR_CLOSED') this.#again = false
      else this.#report.fail(error as Error)
    }
  }
}

function describeVersions(before: string | undefined, after: string | undefined): string {
  if (after === undefined) return ''
  return before === undefined || before === after ? `, version ${after}` : `, version ${before} -> ${after}`
}
