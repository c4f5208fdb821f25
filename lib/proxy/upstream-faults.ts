import { UpstreamError } from '../errors.js'
import type { ResponseHead } from './response-head.js'
import type { Upstream } from './upstream.js'

/** The upstream has kept silent for its whole time limit. */
export function silenceOf({ timeoutMs }: Upstream): UpstreamError {
  return new UpstreamError('UP_ERR_UPSTREAM_TIMEOUT', `the upstream was silent for ${timeoutMs} ms`)
}

/**
 * RFC 9110 section 15.2.2: 101 answers a wish for an upgrade, and nothing else.
 *
 * @throws {UpstreamError} `UP_ERR_BAD_RESPONSE`
 */
export function assertNoSwitch({ status }: ResponseHead): void {
  if (status === 101)
    throw new UpstreamError('UP_ERR_BAD_RESPONSE', 'the upstream switched protocols unasked')
}
