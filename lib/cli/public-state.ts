import type { InstanceStatus } from '../control/steered.js'
import type { ServerState } from '../server/api.js'

/** What a program that serves is doing, as its operators see it. */
export function publicState(state: ServerState, isStopping: boolean): InstanceStatus['state'] {
  if (isStopping || state === 'closing' || state === 'closed') return 'stopping'
  return state
}
