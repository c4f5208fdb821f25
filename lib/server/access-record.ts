import type { IncomingMessage } from 'node:http'
import { clientAddress } from '../balance/client.js'
import type { ErrorAnswer } from '../distributor/default-handlers.js'
import type { AccessEntry } from '../options/access-entry.js'
import type { Outcome } from '../proxy/outcome.js'
import type { Backend } from './backend.js'
import { REQUEST_ID, requestId } from './request-id.js'

/** nginx's status for a client that left before it had an answer. */
const CLIENT_LEFT = 499

/** What is known of a request that is under way. */
export class AccessRecord {
  readonly id: string
  readonly #client: string
  readonly #method: string
  readonly #path: string
  readonly #upgrade: boolean
  readonly #req: IncomingMessage
  readonly #at = Date.now()
  readonly #since = performance.now()
  #heldSince: number | undefined
  #heldMs = 0
  #givenSince: number | undefined
  #upstreamMs = 0
  #attempts = 0
  #backend: Backend | undefined
  #status: number | undefined

  constructor(req: IncomingMessage, upgrade: boolean, trust: (address: string) => boolean) {
    this.#req = req
    this.id = requestId(req)
    // Middleware may change what it likes, and the connection may be gone at the end.
    const { method = '', url = '' } = req
    this.#client = addressOf(req, trust)
    this.#method = method
    this.#path = url
    this.#upgrade = upgrade
  }

  /** The line that tells its id, for the head of an answer. */
  get idLine(): string {
    return `${REQUEST_ID}: ${this.id}\r\n`
  }

  /** An answer of ours that tells its id. */
  marked(answer: ErrorAnswer): ErrorAnswer {
    return { ...answer, fields: { ...answer.fields, [REQUEST_ID]: this.id } }
  }

  /** It begins to wait. */
  onHold(): void {
    this.#heldSince ??= performance.now()
  }

  /** It goes to a backend. */
  given(backend: Backend): void {
    const now = performance.now()
    this.#endHold(now)
    this.#givenSince = now
    this.#backend = backend
    this.#attempts++
  }

  /** An upgrade was answered, and goes on as something else. */
  switched(): void {
    this.#status = 101
    this.#endAttempt(performance.now())
  }

  /** Looks what comes of it at the backend. */
  async followed(given: Promise<Outcome>): Promise<Outcome> {
    const outcome = await given
    this.#endAttempt(performance.now())
    if (outcome.kind === 'done') this.#status ??= outcome.status
    return outcome
  }

  /** An upgrade gets an answer of ours. */
  refused(status: number): void {
    this.#status ??= status
  }

  /** Of an upgrade, as far as it is known. */
  get status(): number | undefined {
    return this.#status
  }

  /**
   * All is over with it.
   *
   * @param status undefined: the client left before it had an answer
   */
  entry(status: number | null | undefined, bytes: number, whole: boolean): AccessEntry {
    const now = performance.now()
    this.#endHold(now)
    this.#endAttempt(now)
    const { headers, httpVersion } = this.#req
    const backend = this.#backend
    return {
      id: this.id,
      at: this.#at,
      client: this.#client,
      method: this.#method,
      path: this.#path,
      httpVersion,
      upgrade: this.#upgrade,
      host: headers.host,
      userAgent: headers['user-agent'],
      referer: headers.referer,
      status: status === undefined ? CLIENT_LEFT : status,
      bytes,
      whole,
      durationMs: now - this.#since,
      heldMs: this.#heldMs,
      upstreamMs: this.#attempts === 0 ? null : this.#upstreamMs,
      retries: Math.max(0, this.#attempts - 1),
      worker: backend?.pid ?? null,
      generation: backend?.pid === undefined ? null : backend.generation,
      upstream: backend?.name ?? null
    }
  }

  #endHold(now: number): void {
    if (this.#heldSince !== undefined) this.#heldMs += now - this.#heldSince
    this.#heldSince = undefined
  }

  #endAttempt(now: number): void {
    if (this.#givenSince !== undefined) this.#upstreamMs += now - this.#givenSince
    this.#givenSince = undefined
  }
}

function addressOf(req: IncomingMessage, trust: (address: string) => boolean): string {
  try {
    return clientAddress(req, trust)
  } catch {
    // A function of the user's; who asks it for the request itself finds that out.
    return req.socket.remoteAddress ?? ''
  }
}
