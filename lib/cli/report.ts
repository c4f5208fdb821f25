import { ReloadError, UpError } from '../errors.js'
import type { UpServer } from '../server/up-server.js'
import type { Worker } from '../worker/worker.js'
import { count, formatMs, headline } from './format.js'
import type { Output } from './output.js'

/** Tells what happens to the workers: a line for each event, and each failure in full only once. */
export class Report {
  readonly #srv: UpServer
  readonly #out: Output
  readonly #keepAlive: boolean
  readonly #retired = new WeakSet<Worker>()
  readonly #told = new WeakSet<object>()
  #lastFailure = ''
  #times = 0
  #muted = false

  /** @param keepAlive whether workers that die are replaced */
  constructor(srv: UpServer, out: Output, keepAlive: boolean) {
    this.#srv = srv
    this.#out = out
    this.#keepAlive = keepAlive
    srv.on('spawn', worker => this.#onSpawn(worker))
    srv.on('retire', worker => this.#onRetire(worker))
    srv.on('terminate', worker => this.#onTerminate(worker))
    srv.on('fail', error => this.fail(error))
  }

  /** Tells of a failure, unless it has been told already. */
  fail(error: Error): void {
    if (this.#muted || this.#told.has(error)) return
    this.#told.add(error)
    if (error instanceof ReloadError) this.#out.error(this.#reloadFailure(error))
    else this.#failure(headline(error))
    if (!this.#keepAlive && this.#srv.status().workers.length === 0) {
      this.#out.warn('no worker is left, and none is started (--no-keepalive): requests wait for a reload')
    }
  }

  /** What fails from now on is told in full again: a reload begins. */
  forget(): void {
    this.#lastFailure = ''
  }

  /** Tells of no failure any more: the workers are being ended. */
  muteFailures(): void {
    this.#muted = true
  }

  #onSpawn(worker: Worker): void {
    this.forget()
    this.#out.info(
      `worker ${worker.pid} is ready after ${formatMs(worker.ageMs)}${this.#generationOf(worker)}`
    )
  }

  #onRetire(worker: Worker): void {
    this.#retired.add(worker)
    const busy = worker.inFlight + worker.upgrades
    if (busy > 0)
      this.#out.info(`worker ${worker.pid} retires when it has finished ${count(busy, 'request')}`)
  }

  #onTerminate(worker: Worker): void {
    // Of one that died by itself, `fail` tells.
    if (this.#retired.has(worker))
      this.#out.info(`worker ${worker.pid} has left${this.#generationOf(worker)}`)
  }

  #reloadFailure(error: ReloadError): string {
    const { cause } = error
    const isTold = cause instanceof Error && this.#told.has(cause)
    const why = isTold ? '' : `: ${headline(cause instanceof UpError ? cause : error)}`
    const serving =
      this.#srv.workers.length > 0 ? `generation ${this.#srv.generation} keeps serving` : 'nothing serves yet'
    return `the reload failed, ${serving}${why}`
  }

  /** The same failure again, but for the pid, is told in a few words, and ever more seldom. */
  #failure(text: string): void {
    const kind = text.replace(/\d+/g, '#')
    if (kind !== this.#lastFailure) {
      this.#lastFailure = kind
      this.#times = 1
      this.#out.error(text)
      return
    }
    const isPowerOfTwo = Number.isInteger(Math.log2(++this.#times))
    const who = /^worker \d+/.exec(text)?.[0] ?? 'it'
    if (isPowerOfTwo) this.#out.error(`${who} failed in the same way (${this.#times} times now)`)
  }

  #generationOf(worker: Worker): string {
    return worker.generation === 1 ? '' : ` (generation ${worker.generation})`
  }
}
