import type { ErrorAnswer } from '../distributor/default-handlers.js'
import { UpError, type ErrorCode } from '../errors.js'
import type { ResolvedHoldResponse } from '../options/hold-response.js'

const REFUSED: readonly ErrorCode[] = ['UP_ERR_HOLD_FULL', 'UP_ERR_HOLD_TIMEOUT', 'UP_ERR_CLOSED']

/** The user's own answer to a request that cannot be held, or not any longer; undefined: it is none, or he has none. */
export function holdAnswer(
  error: unknown,
  response: ResolvedHoldResponse | undefined
): ErrorAnswer | undefined {
  if (response === undefined || !(error instanceof UpError) || !REFUSED.includes(error.code)) return undefined
  return response
}
