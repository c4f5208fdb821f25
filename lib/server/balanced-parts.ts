import type { Policy } from '../balance/policy.js'
import type { Meter } from '../meters/meter.js'
import type { Backend } from './backend.js'

/** What a server that balances requests is made of. */
export interface BalancedParts<B extends Backend> {
  readonly policy: Policy<B>
  /** What requests wait for, as the errors name it. */
  readonly what: string
  /** Counts also what others count. Default: one of its own. */
  readonly meter?: Meter
  /** Whether the paths of the option `healthPrefix` are answered. Default true. */
  readonly tellsHealth?: boolean
}
