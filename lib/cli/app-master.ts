import type { Steered } from '../control/steered.js'
import { UpError } from '../errors.js'
import type { Watch } from '../watch/watch.js'
import { AppServer } from './app-server.js'
import type { Configured } from './configured.js'
import { count } from './format.js'
import { describePort } from './listen.js'
import { Master, type MasterParts } from './master.js'
import type { CliOptions } from './options.js'
import { Reloads } from './reloads.js'
import { Report } from './report.js'
import { reportHolds } from './report-holds.js'
import { SteeredApp } from './steered-app.js'
import { tellApp } from './tell-feed.js'
import { watchApp } from './watch-app.js'

/** The app being served by workers. */
export class AppMaster extends Master {
  override readonly steered: Steered
  readonly #options: CliOptions
  readonly #watch: Watch | undefined
  readonly #srv: AppServer
  readonly #report: Report
  readonly #reloads: Reloads
  #started = false

  constructor(parts: MasterParts, file: string, configured: Configured<CliOptions>) {
    const { options } = configured
    super(parts, options)
    this.#options = options
    // Before the workers load their files, so that no change after that is missed.
    this.#watch = options.watch
      ? watchApp({
          file,
          envFiles: options.envFiles,
          extensions: options.extensions,
          out: this.out,
          onChange: why => (this.stopping ? undefined : this.#reloads.request(why))
        })
      : undefined
    const { host, port, portGiven, tls } = options
    const listen = { port, override: portGiven, ...(host === undefined ? {} : { host }) }
    const { accessLog } = parts
    const { workers: output } = parts.logs
    const own = { ...(accessLog && { accessLog }), ...(output && { output }), listen }
    this.#srv = new AppServer(parts.server, file, configured, own)
    this.#report = new Report(this.#srv, this.out, options.up.keepAlive !== false)
    this.#reloads = new Reloads(this.#srv, this.out, this.#report, this.feed, () => this.refreshCertificate())
    tellApp(this.#srv, this.feed)
    this.steered = new SteeredApp({
      srv: this.#srv,
      feed: this.feed,
      name: this.name,
      isStopping: () => this.stopping,
      onStop: why => this.stop(why),
      onReload: (why, given) => this.#reloads.perform(why, given),
      notApplied: () => this.#srv.notApplied
    })
    this.#srv.once('spawn', () => (this.#started = true))
    this.#srv.on('fail', error => this.#onFail(error))
    this.#srv.on('listening', opened => this.tellAddress(describePort(opened, host, tls !== undefined)))
    const { version, numWorkers } = this.#srv.status()
    const app = `${options.file}${version === undefined ? '' : ` ${version}`}`
    const found = options.foundIn === undefined ? '' : ` (${options.foundIn})`
    this.introduce(`serving ${app}${found} with ${count(numWorkers, 'worker')}`)
    const keys = this.readsKeys ? ', or type r or Ctrl+R' : ''
    this.out.info(`to reload: kill -s SIGUSR2 ${process.pid}${keys}`)
    reportHolds(this.#srv, this.out, options.up.holdFile)
  }

  protected override get busy(): number {
    return this.#srv.status().workers.reduce((sum, worker) => sum + worker.inFlight + worker.upgrades, 0)
  }

  protected override onReload(why: string): void {
    void this.#reloads.request(why)
  }

  protected override closeAll(): Promise<unknown> {
    this.#report.muteFailures()
    return Promise.all([this.#srv.close(), this.#watch?.close()])
  }

  protected override killAll(): void {
    for (const { pid } of this.#srv.status().workers) if (pid !== undefined) kill(pid)
  }

  /** The first failure before any worker was ready: the app cannot start. */
  #onFail(error: Error): void {
    if (this.#started || this.stopping) return
    // The port is not the file's fault, and a change of the file may not free it.
    if (error instanceof UpError && error.code === 'UP_ERR_LISTEN') void this.close(1)
    else if (this.#watch === undefined) {
      this.out.error(`${this.#options.file} did not start`)
      void this.close(1)
    } else {
      this.#started = true
      this.out.warn('waiting for a change')
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
