import type { UpError } from '../errors.js'

/**
 * How the forwarding of a request or an upgrade ended.
 *
 * `done`: the client has its answer, whole or cut off, or has gone away.
 * `failed`: nothing reached the client, who is still waiting.
 */
export type Outcome = Done | Failed

export interface Done {
  readonly kind: 'done'
  /** Of the answer; undefined: the client left before there was one. */
  readonly status: number | undefined
  /** Whether the upstream has given all of it, as far as the client wanted it. */
  readonly whole: boolean
}

export interface Failed {
  readonly kind: 'failed'
  readonly error: UpError
  readonly retry: Retry
}

/**
 * `unsent`: the upstream got nothing of it, so any request may be repeated.
 * `repeatable`: it may have been processed, but the method is idempotent and there was no body
 * (RFC 9110 section 9.2.2). `never`: it must not be repeated.
 */
export type Retry = 'unsent' | 'repeatable' | 'never'

/** Without an answer. */
export const DONE: Done = { kind: 'done', status: undefined, whole: true }

/** One object for all answers of a status. */
const ANSWERED: Done[] = []

/** The client has its answer. */
export function answered(status: number): Done {
  return (ANSWERED[status] ??= { kind: 'done', status, whole: true })
}

/** The upstream broke its answer off. */
export function brokenOff(status: number): Done {
  return { kind: 'done', status, whole: false }
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method)
}

/**
 * Whether a request whose upstream failed may be repeated.
 *
 * @param onlyHead nothing beyond the request's head was given to the connection
 * @param repeatable the request is idempotent, without a body, and no byte of an answer has come
 */
export function retryOf(error: UpError, onlyHead: boolean, repeatable: boolean): Retry {
  if (error.code === 'UP_ERR_CONNECT' || (onlyHead && isRefusedWrite(error.cause))) return 'unsent'
  return error.code === 'UP_ERR_UPSTREAM_CLOSED' && repeatable ? 'repeatable' : 'never'
}

/** The other end was closed before the write: the system says so at once for a UNIX socket. */
function isRefusedWrite(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EPIPE'
}
