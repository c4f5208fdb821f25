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

export const DONE: Done = { kind: 'done' }

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
