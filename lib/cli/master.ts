import type { Server } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import { isatty } from 'node:tty'
import { Feed } from '../control/feed.js'
import type { Steered } from '../control/steered.js'
import type { Certificate } from './certificate.js'
import { count, headline } from './format.js'
import type { AccessLog } from '../options/access-entry.js'
import { describeAddress } from './listen.js'
import type { Logs } from './logs.js'
import type { MasterOptions } from './options.js'
import type { Output } from './output.js'
import { Terminal } from './terminal.js'

/** Errors of accepting connections come in floods: one is told in so many milliseconds. */
const ACCEPT_ERROR_EVERY_MS = 10_000

/** What a master works with. */
export interface MasterParts {
  /** Listens already, and has not yet got a connection; or is to listen where the app says. */
  readonly server: Server | Http2SecureServer
  /** What the server uses, if it has one. */
  readonly certificate: Certificate | undefined
  readonly logs: Logs
  /** The access log; undefined: there is none. */
  readonly accessLog: AccessLog | undefined
  /** What the control API calls it. */
  readonly name: string
}

/** What signals and keys act on, whatever it serves: its life from the first line to the exit code. */
export abstract class Master {
  /** Resolves with the exit code when it has ended and nothing is left. */
  readonly ended: Promise<number>
  /** What the control API shows and steers. */
  abstract readonly steered: Steered
  /** What the control API calls it. */
  protected readonly name: string
  protected readonly feed = new Feed()
  protected readonly out: Output
  readonly #server: Server | Http2SecureServer
  readonly #host: string | undefined
  readonly #certificate: Certificate | undefined
  #terminal: Terminal | undefined
  #end: (code: number) => void = () => {}
  #stopping = false
  #acceptErrorAt = -Infinity

  constructor({ server, certificate, logs, name }: MasterParts, { host }: MasterOptions) {
    this.name = name
    this.#server = server
    this.#host = host
    this.#certificate = certificate
    this.out = logs.out
    this.ended = new Promise(resolve => (this.#end = resolve))
    server.on('error', (error: Error) => this.#onAcceptError(error))
  }

  /** @param why begins a sentence: a signal's name, for instance */
  reload(why: string): void {
    if (!this.#stopping) this.onReload(why)
  }

  /** Finishes what is in flight and ends; when called again, ends at once. */
  stop(why: string): void {
    if (this.#stopping) return this.#abort(why)
    const first = this.busy === 0 ? '' : `finishing ${count(this.busy, 'request')}, then `
    this.out.info(`${why}: ${first}exiting (once more to exit at once)`)
    this.feed.tell('stopping', { why })
    void this.close(0)
  }

  protected get stopping(): boolean {
    return this.#stopping
  }

  /** Requests and upgrades in flight. */
  protected abstract get busy(): number

  protected abstract onReload(why: string): void

  /** Finishes what is in flight, and ends all that was started. */
  protected abstract closeAll(): Promise<unknown>

  /** Ends at once what would outlive this process. */
  protected abstract killAll(): void

  /** Listens to the terminal, looks after the certificate, and tells what is served, and where. */
  protected introduce(what: string): void {
    if ('setSecureContext' in this.#server) this.#certificate?.watch(this.#server, this.out)
    if (isatty(0)) this.#terminal = this.#createTerminal()
    this.out.info(what)
    if (this.#server.listening) this.tellAddress(describeAddress(this.#server, this.#host))
  }

  /** @param address as a URL */
  protected tellAddress(address: string): void {
    this.out.good(`listening on ${address}, pid ${process.pid}`)
  }

  /** Whether keys are read. */
  protected get readsKeys(): boolean {
    return this.#terminal?.isReading === true
  }

  /** Looks whether the certificate was renewed; false: there is none. */
  protected refreshCertificate(): boolean {
    this.#certificate?.refresh()
    return this.#certificate !== undefined
  }

  protected async close(code: number): Promise<void> {
    this.#stopping = true
    try {
      await this.closeAll()
      this.#certificate?.close()
      this.#terminal?.close()
      this.out.info('stopped')
      this.#end(code)
    } catch (error) {
      this.out.error(headline(error))
      this.#end(1)
    }
  }

  #abort(why: string): never {
    this.out.warn(`${why}: exiting at once`)
    this.killAll()
    process.exit(1)
  }

  #onAcceptError(error: Error): void {
    if (performance.now() - this.#acceptErrorAt < ACCEPT_ERROR_EVERY_MS) return
    this.#acceptErrorAt = performance.now()
    this.out.error(`a connection could not be accepted: ${error.message}`)
  }

  #createTerminal(): Terminal {
    return new Terminal(process.stdin, {
      onReload: () => this.reload('key'),
      onInterrupt: () => this.stop('Ctrl+C'),
      onHangup: () => this.stop('the terminal was closed')
    })
  }
}
