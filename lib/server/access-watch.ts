import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ProxiedServer } from '../distributor/middleware.js'
import { hasBody } from '../distributor/upgrade-request.js'
import type { AccessEntry, AccessLog } from '../options/access-entry.js'
import { isHttp2 } from '../proxy/http2-client.js'
import { setOwnField } from '../proxy/own-field.js'
import { watchAnswer } from '../proxy/watch-answer.js'
import { AccessRecord } from './access-record.js'
import { REQUEST_ID } from './request-id.js'

/** Tells what became of each request and upgrade of a server, whoever answers it. */
export class AccessWatch {
  readonly #server: EventEmitter
  readonly #log: AccessLog
  readonly #trust: (address: string) => boolean
  readonly #hasMiddleware: () => boolean
  readonly #records = new WeakMap<IncomingMessage, AccessRecord>()

  /** @param server it has its other listeners already: those that serve */
  constructor(
    server: ProxiedServer,
    log: AccessLog,
    trust: (address: string) => boolean,
    hasMiddleware: () => boolean
  ) {
    this.#server = server
    this.#log = log
    this.#trust = trust
    this.#hasMiddleware = hasMiddleware
    this.#server
      .prependListener('request', this.#onRequest)
      .prependListener('checkContinue', this.#onRequest)
      .prependListener('upgrade', this.#onUpgrade)
  }

  /** What is known of a request. */
  of(req: IncomingMessage): AccessRecord | undefined {
    return this.#records.get(req)
  }

  detach(): void {
    this.#server
      .removeListener('request', this.#onRequest)
      .removeListener('checkContinue', this.#onRequest)
      .removeListener('upgrade', this.#onUpgrade)
  }

  readonly #onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    // What asked for 100-continue may come by both events.
    if (this.#records.has(req)) return
    const record = this.#open(req, false)
    // Middleware may answer by itself, and node:http2 has no shorter way.
    if (this.#hasMiddleware() || isHttp2(req)) res.setHeader(REQUEST_ID, record.id)
    else setOwnField(res, REQUEST_ID, record.id)
    watchAnswer(res, ({ status, bytes, whole }) => this.#tell(record.entry(status, bytes, whole)))
  }

  readonly #onUpgrade = (req: IncomingMessage, socket: Socket): void => {
    // It becomes an ordinary request.
    if (hasBody(req)) return
    const record = this.#open(req, true)
    const before = socket.bytesWritten
    socket.once('close', () => {
      const bytes = socket.bytesWritten - before
      // What middleware answered by itself nobody has told.
      const status = record.status ?? (bytes > 0 ? null : undefined)
      this.#tell(record.entry(status, bytes, status !== undefined))
    })
  }

  #open(req: IncomingMessage, upgrade: boolean): AccessRecord {
    const record = new AccessRecord(req, upgrade, this.#trust)
    this.#records.set(req, record)
    return record
  }

  #tell(entry: AccessEntry): void {
    try {
      this.#log(entry)
    } catch (error) {
      // It is called by an event of a connection: there is nobody whom it could be thrown at.
      process.emitWarning(`accessLog threw: ${String(error)}`)
    }
  }
}
