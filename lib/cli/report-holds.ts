import type { HoldStatus } from '../server/api.js'
import { count } from './format.js'
import type { Output } from './output.js'

/** What holds requests. */
interface Holder {
  status(): HoldStatus
  on(event: 'pause' | 'resume', listener: (status: HoldStatus) => void): unknown
}

/**
 * Tells when requests are held though they could be served, and how many were when they go on.
 *
 * @param holdFile the option, as it was given
 */
export function reportHolds(srv: Holder, out: Output, holdFile = 'the hold file'): void {
  let before = srv.status()
  const onPause = (status: HoldStatus): void => {
    before = status
    const why = status.pausedBy.includes('hold-file') ? `${holdFile} is missing` : 'paused'
    out.warn(`holding requests: ${why}`)
  }
  srv.on('pause', onPause)
  srv.on('resume', status => {
    const held = comeSoFar(status) - comeSoFar(before) + before.held
    const lost = refusedSoFar(status) - refusedSoFar(before)
    const were = held === 0 ? '' : `, ${count(held, 'request')} ${held === 1 ? 'was' : 'were'} held`
    out.good(`serving again${were}${lost === 0 ? '' : `, ${lost} got 503`}`)
  })
  // Of a pause from the start there was no event.
  if (before.pausedBy.length > 0) onPause(before)
}

/** How many have been held since the start. */
function comeSoFar({ held, released, expired, givenUp }: HoldStatus): number {
  return held + released + expired + givenUp
}

/** How many have been refused since the start, at once or after they had waited. */
function refusedSoFar({ expired, refused }: HoldStatus): number {
  return expired + refused
}
