import type { Socket } from 'node:net'
import type { ErrorAnswer } from '../distributor/default-handlers.js'
import type { UpError } from '../errors.js'
import type { FrontConnection } from '../front/front-connection.js'
import type { Outcome } from '../proxy/outcome.js'
import type { Upstream } from '../proxy/upstream.js'
import type { AccessRecord } from './access-record.js'
import type { Backend } from './backend.js'
import type { DirectRequest } from './job.js'

/** Where it is told what became of a request. */
export interface PlainWatcher {
  /** What a client is told of an error. */
  readonly answerOf: (error: UpError) => ErrorAnswer
  readonly onEnd: (record: AccessRecord, bytes: number, whole: boolean) => void
}

/** A request that is no object, on its way through the dispatcher, with what is known of it. */
export class WatchedPlain implements DirectRequest<Backend> {
  readonly client: Socket
  readonly #connection: FrontConnection
  readonly #record: AccessRecord
  readonly #watcher: PlainWatcher
  #bytes = 0
  #whole = true

  constructor(connection: FrontConnection, record: AccessRecord, watcher: PlainWatcher) {
    this.client = connection.client
    this.#connection = connection
    this.#record = record
    this.#watcher = watcher
  }

  forward(upstream: Upstream, settle: (outcome: Outcome) => void, backend: Backend): void {
    this.#record.given(backend)
    this.#connection.forward(upstream, outcome => {
      this.#taken(outcome)
      settle(outcome)
    })
  }

  onHold(): void {
    this.#record.onHold()
  }

  done(error?: UpError): void {
    const { client } = this
    const { request, refusal } = this.#connection
    if (request === undefined) {
      // It was cut off, or its client has left.
      if (refusal !== undefined) this.#record.refused(refusal)
      this.#whole = refusal !== undefined
    } else if (error !== undefined) {
      const { status, body } = this.#watcher.answerOf(error)
      this.#record.refused(status)
      this.#bytes = request.method === 'HEAD' ? 0 : Buffer.byteLength(body)
    }
    if (client.writableLength === 0 || !client.writable) {
      this.#connection.done(error)
      this.#end(this.#whole)
    } else {
      // What waits behind the answer tells when the client has taken it.
      client.write('', failure => this.#end(this.#whole && failure == null))
      this.#connection.done(error)
    }
  }

  #taken(outcome: Outcome): void {
    if (outcome.kind === 'failed') return this.#record.taken()
    this.#record.taken(outcome.status)
    this.#bytes = this.#connection.bytes
    this.#whole = outcome.whole
  }

  #end(whole: boolean): void {
    this.#watcher.onEnd(this.#record, this.#bytes, whole)
  }
}
