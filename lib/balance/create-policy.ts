import type { ResolvedBalance } from '../options/balance.js'
import { Custom } from './custom.js'
import { LeastRequests } from './least-requests.js'
import type { Candidate, Policy } from './policy.js'
import { RandomTwo } from './random-two.js'
import { RoundRobin } from './round-robin.js'
import { keySource } from './sticky-key.js'
import { Sticky } from './sticky.js'

/**
 * The policy that the option `balance` names.
 *
 * @param trust whose `X-Forwarded-*` are believed
 */
export function createPolicy<C extends Candidate>(
  balance: ResolvedBalance,
  trust: (address: string) => boolean
): Policy<C> {
  switch (balance.policy) {
    case 'round-robin':
      return new RoundRobin()
    case 'least-requests':
      return new LeastRequests()
    case 'random-two':
      return new RandomTwo()
    case 'sticky':
      return new Sticky(keySource(balance, trust), balance.lingerMs)
    case 'custom':
      return new Custom(balance.choose)
  }
}
