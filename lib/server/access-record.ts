import type { AccessEntry } from '../options/access-entry.js'
import type { AccessRequest } from './access-request.js'
import type { Backend } from './backend.js'

/** nginx's status for a client that left before it had an answer. */
const CLIENT_LEFT = 499

/** What is known of a request that is under way. */
export class AccessRecord {
  readonly #id: string
  readonly #request: AccessRequest
  readonly #at = Date.now()
  readonly #since = performance.now()
  #heldSince: number | undefined
  #heldMs = 0
  #givenSince: number | undefined
  #upstreamMs = 0
  #attempts = 0
  #backend: Backend | undefined
  #status: number | undefined

  /** @param id '' of what did not become a request */
  constructor(id: string, request: AccessRequest) {
    this.#id = id
    this.#request = request
  }

  /** By which worker and client know it. */
  get id(): string {
    return this.#id
  }

  /** The status that was told here. */
  get status(): number | undefined {
    return this.#status
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

  /**
   * It is no longer with the backend.
   *
   * @param status of the answer, if there was one
   */
  taken(status?: number): void {
    this.#endAttempt(performance.now())
    this.#status ??= status
  }

  /** It gets an answer of ours. */
  refused(status: number): void {
    this.#status ??= status
  }

  /**
   * All is over with it.
   *
   * @param status undefined: the one that was told, or else the client left before it had an answer
   */
  entry(status: number | null | undefined, bytes: number, whole: boolean): AccessEntry {
    const now = performance.now()
    this.#endHold(now)
    this.#endAttempt(now)
    const { client, method, path, httpVersion, host, userAgent, referer, upgrade } = this.#request
    const backend = this.#backend
    return {
      id: this.#id,
      at: this.#at,
      client,
      method,
      path,
      httpVersion,
      upgrade,
      host,
      userAgent,
      referer,
      status: status === undefined ? (this.#status ?? CLIENT_LEFT) : status,
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
