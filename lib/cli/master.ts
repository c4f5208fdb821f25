import type { Server } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { isatty } from 'node:tty'
import { UpServer } from '../server/up-server.js'
import type { Watch } from '../watch/watch.js'
import type { Certificate } from './certificate.js'
import { count, headline } from './format.js'
import { describeAddress } from './listen.js'
import type { CliOptions } from './options.js'
import type { Output } from './output.js'
import { Reloads } from './reloads.js'
import { Report } from './report.js'
import { Terminal } from './terminal.js'
import { watchApp } from './watch-app.js'

/** Errors of accepting connections come in floods: one is told in so many milliseconds. */
const ACCEPT_ERROR_EVERY_MS = 10_000

/** The app being served: what signals, keys and changed files act on. */
export class Master {
  /** Resolves with the exit code when it has ended and nothing is left. */
  readonly ended: Promise<number>
  readonly #server: Server | Http2SecureServer
  readonly #options: CliOptions
  readonly #out: Output
  readonly #certificate: Certificate | undefined
  readonly #watch: Watch | undefined
  readonly #terminal: Terminal | undefined
  readonly #srv: UpServer
  readonly #report: Report
  readonly #reloads: Reloads
  #end: (code: number) => void = () => {}
  #started = false
  #stopping = false
  #acceptErrorAt = -Infinity

  /**
   * @param server listens already, and has not yet got a connection
   * @param certificate what the server uses, if it has one
   */
  constructor(
    server: Server | Http2SecureServer,
    file: string,
    options: CliOptions,
    out: Output,
    certificate: Certificate | undefined
  ) {
    this.#server = server
    this.#certificate = certificate
    this.#options = options
    this.#out = out
    this.ended = new Promise(resolve => (this.#end = resolve))
    // Before the workers load their files, so that no change after that is missed.
    this.#watch = options.watch
      ? watchApp({
          file,
          extensions: options.extensions,
          out,
          onChange: why => (this.#stopping ? undefined : this.#reloads.request(why))
        })
      : undefined
    this.#srv = new UpServer(server, file, options.up)
    this.#report = new Report(this.#srv, out, options.up.keepAlive !== false)
    this.#reloads = new Reloads(this.#srv, out, this.#report, () => this.#certificate?.refresh())
    this.#srv.once('spawn', () => (this.#started = true))
    this.#srv.on('fail', () => this.#onFail())
    server.on('error', (error: Error) => this.#onAcceptError(error))
    if ('setSecureContext' in server) certificate?.watch(server, out)
    this.#terminal = isatty(0) ? this.#createTerminal() : undefined
    this.#introduce()
  }

  /** @param why begins a sentence: a signal's name, for instance */
  reload(why: string): void {
    if (!this.#stopping) void this.#reloads.request(why)
  }

  /** Finishes what is in flight and ends; when called again, ends at once. */
  stop(why: string): void {
    if (this.#stopping) return this.#abort(why)
    const busy = this.#srv
      .status()
      .workers.reduce((sum, worker) => sum + worker.inFlight + worker.upgrades, 0)
    const first = busy === 0 ? '' : `finishing ${count(busy, 'request')}, then `
    this.#out.info(`${why}: ${first}exiting (once more to exit at once)`)
    void this.#close(0)
  }

  #introduce(): void {
    const { pid } = process
    const { version, numWorkers } = this.#srv.status()
    const app = `${this.#options.file}${version === undefined ? '' : ` ${version}`}`
    this.#out.info(`serving ${app} with ${count(numWorkers, 'worker')}`)
    this.#out.good(`listening on ${describeAddress(this.#server, this.#options.host)}, pid ${pid}`)
    const keys = this.#terminal?.isReading === true ? ', or type r or Ctrl+R' : ''
    this.#out.info(`to reload: kill -s SIGUSR2 ${pid}${keys}`)
  }

  async #close(code: number): Promise<void> {
    this.#stopping = true
    this.#report.muteFailures()
    try {
      await Promise.all([this.#srv.close(), this.#watch?.close()])
      this.#certificate?.close()
      this.#terminal?.close()
      this.#out.info('stopped')
      this.#end(code)
    } catch (error) {
      this.#out.error(headline(error))
      this.#end(1)
    }
  }

  #abort(why: string): never {
    this.#out.warn(`${why}: exiting at once`)
    for (const { pid } of this.#srv.status().workers) if (pid !== undefined) kill(pid)
    process.exit(1)
  }

  /** The first failure before any worker was ready: the app cannot start. */
  #onFail(): void {
    if (this.#started || this.#stopping) return
    if (this.#watch === undefined) {
      this.#out.error(`${this.#options.file} did not start`)
      void this.#close(1)
    } else {
      this.#started = true
      this.#out.warn('waiting for a change')
    }
  }

  #onAcceptError(error: Error): void {
    if (performance.now() - this.#acceptErrorAt < ACCEPT_ERROR_EVERY_MS) return
    this.#acceptErrorAt = performance.now()
    this.#out.error(`a connection could not be accepted: ${error.message}`)
  }

  #createTerminal(): Terminal {
    return new Terminal(process.stdin, {
      onReload: () => this.reload('key'),
      onInterrupt: () => this.stop('Ctrl+C'),
      onHangup: () => this.stop('the terminal was closed')
    })
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
