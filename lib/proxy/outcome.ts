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
  /**
   * `unsent`: the upstream got nothing of it, so any request may be repeated.
   * `repeatable`: it may have been processed, but the method is idempotent and there was no body
   * (RFC 9110 section 9.2.2). `never`: it must not be repeated.
   */
  readonly retry: 'unsent' | 'repeatable' | 'never'
}

export const DONE: Done = { kind: 'done' }

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method)
}
