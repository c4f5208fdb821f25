import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ErrorAnswer } from '../distributor/default-handlers.js'
import type { TrafficWatcher } from '../distributor/traffic.js'
import type { UpError } from '../errors.js'
import type { FrontConnection } from '../front/front-connection.js'
import type { AccessEntry, AccessLog } from '../options/access-entry.js'
import { isHttp2 } from '../proxy/http2-client.js'
import type { Outcome } from '../proxy/outcome.js'
import { setOwnField } from '../proxy/own-field.js'
import { REQUEST_ID, requestId } from '../proxy/request-id.js'
import { watchAnswer } from '../proxy/watch-answer.js'
import { AccessRecord } from './access-record.js'
import { ofMessage, ofNobody, ofPlain, type AccessRequest } from './access-request.js'
import type { Backend } from './backend.js'
import type { DirectRequest } from './job.js'
import { WatchedPlain, type PlainWatcher } from './watched-plain.js'

export interface AccessWatchOptions {
  readonly trust: (address: string) => boolean
  readonly hasMiddleware: () => boolean
  /** What a client is told of an error. */
  readonly answerOf: (error: UpError) => ErrorAnswer
}

/** Tells what became of each request and upgrade of a server, whoever answers it. */
export class AccessWatch implements TrafficWatcher, PlainWatcher {
  readonly answerOf: AccessWatchOptions['answerOf']
  readonly #log: AccessLog
  readonly #options: AccessWatchOptions
  readonly #records = new WeakMap<IncomingMessage, AccessRecord>()

  constructor(log: AccessLog, options: AccessWatchOptions) {
    this.#log = log
    this.#options = options
    this.answerOf = options.answerOf
  }

  /** What is known of a request. */
  of(req: IncomingMessage): AccessRecord | undefined {
    return this.#records.get(req)
  }

  /** The request that a connection has read, watched to its end. */
  plain(connection: FrontConnection): DirectRequest<Backend> {
    const { id = '', request, client } = connection
    if (request === undefined) return connection
    return new WatchedPlain(connection, new AccessRecord(id, ofPlain(request, client.remoteAddress)), this)
  }

  onEnd(record: AccessRecord, bytes: number, whole: boolean): void {
    this.#tell(record.entry(undefined, bytes, whole))
  }

  onRequest(res: ServerResponse): void {
    const { req } = res
    const record = this.#open(req, false)
    // Middleware may answer by itself, and node:http2 has no shorter way.
    if (this.#options.hasMiddleware() || isHttp2(req)) res.setHeader(REQUEST_ID, record.id)
    else setOwnField(res, REQUEST_ID, record.id)
    watchAnswer(res, ({ status, bytes, whole }) => {
      // It was refused, and what the client gets is not by `res`.
      const isRefused = status === undefined && record.status !== undefined
      this.#tell(record.entry(status, bytes, whole || isRefused))
    })
  }

  onUpgrade(req: IncomingMessage, socket: Duplex): void {
    const record = this.#open(req, true)
    // What came by a server of ours is a socket.
    const { bytesWritten: before } = socket as Socket
    socket.once('close', () => {
      const bytes = (socket as Socket).bytesWritten - before
      // What middleware answered by itself nobody has told.
      const status = record.status ?? (bytes > 0 ? null : undefined)
      this.#tell(record.entry(status, bytes, status !== undefined))
    })
  }

  onRefusal(client: Duplex, status: number, req?: IncomingMessage): void {
    const known = req === undefined ? undefined : this.of(req)
    if (known !== undefined) return known.refused(status)
    const { remoteAddress } = client as Socket
    const request: AccessRequest =
      req === undefined ? ofNobody(remoteAddress) : ofMessage(req, false, this.#options.trust)
    this.#tell(new AccessRecord('', request).entry(status, 0, true))
  }

  #open(req: IncomingMessage, upgrade: boolean): AccessRecord {
    const record = new AccessRecord(requestId(req), ofMessage(req, upgrade, this.#options.trust))
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

/** Sends a request to a backend, and notes what comes of it there. */
export async function watchAttempt(
  record: AccessRecord,
  backend: Backend,
  send: () => Promise<Outcome>
): Promise<Outcome> {
  record.given(backend)
  const outcome = await send()
  record.taken(outcome.kind === 'done' ? outcome.status : undefined)
  return outcome
}
