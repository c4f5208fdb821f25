/** What became of one request: see `ServingOptions.accessLog`. Times are in milliseconds. */
export interface AccessEntry {
  /** Its `X-Request-Id`: the client's, or one that was made. */
  readonly id: string
  /** When it came, since the epoch. */
  readonly at: number
  /** The client's address, as `trustProxy` has it; '' over a UNIX socket. */
  readonly client: string
  readonly method: string
  /** Its target as the client sent it, with the query. */
  readonly path: string
  readonly httpVersion: string
  readonly host: string | undefined
  readonly userAgent: string | undefined
  readonly referer: string | undefined
  /** 499: the client left before it had an answer. null: middleware answered an upgrade by itself. */
  readonly status: number | null
  /** Of the body; of an upgrade all that the client was sent. */
  readonly bytes: number
  /** Whether the client was sent all of the answer. */
  readonly whole: boolean
  /** To the end of the answer; of an upgrade to the end of the connection. */
  readonly durationMs: number
  /** How long it was held. */
  readonly heldMs: number
  /** How long it was with workers or upstreams; of an upgrade until it was answered. null: it was with none. */
  readonly upstreamMs: number | null
  /** How often it was given to one more, after one had failed. */
  readonly retries: number
  readonly upgrade: boolean
  /** The pid of the worker that had it last. */
  readonly worker: number | null
  readonly generation: number | null
  /** The name of the upstream that had it last, of `up.proxy()`. */
  readonly upstream: string | null
}

/** Gets an entry when all is over with a request. */
export type AccessLog = (entry: AccessEntry) => void
