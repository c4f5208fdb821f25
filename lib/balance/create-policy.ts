import type { ResolvedBalance } from '../options/balance.js'
import { CanarySplit } from './canary-split.js'
import { Custom } from './custom.js'
import { LeastRequests } from './least-requests.js'
import type { Candidate, Policy } from './policy.js'
import { RandomTwo } from './random-two.js'
import { RoundRobin } from './round-robin.js'
import { StickyCookie } from './sticky-cookie.js'
import { keySource } from './sticky-key.js'
import { Sticky } from './sticky.js'
import { WeightedRoundRobin } from './weighted-round-robin.js'
import { WithBackups, type BackupCandidate } from './with-backups.js'

/**
 * The policy that the option `balance` names, for workers: a generation of them may be tried by some clients.
 *
 * @param trust whose `X-Forwarded-*` are believed
 */
export function createPolicyWithCanary<C extends Candidate>(
  balance: ResolvedBalance,
  trust: (address: string) => boolean
): CanarySplit<C> {
  const secret = balance.policy === 'sticky' ? balance.secret : undefined
  const cookie = new StickyCookie('up-canary', secret, trust)
  return new CanarySplit(policyMaker<C>(balance, trust, false), cookie)
}

/** The same for candidates with weights, of which some are backups. */
export function createPolicyWithBackups<C extends BackupCandidate>(
  balance: ResolvedBalance,
  trust: (address: string) => boolean
): WithBackups<C> {
  const create = policyMaker<C>(balance, trust, true)
  return new WithBackups(create(), create())
}

/**
 * All that it makes know clients by the same key: a cookie is signed with the same secret.
 *
 * @param weighted whether weights may differ: to go round by weight costs a look at each candidate
 */
export function policyMaker<C extends Candidate>(
  balance: ResolvedBalance,
  trust: (address: string) => boolean,
  weighted: boolean
): () => Policy<C> {
  switch (balance.policy) {
    case 'round-robin':
      return () => (weighted ? new WeightedRoundRobin() : new RoundRobin())
    case 'least-requests':
      return () => new LeastRequests()
    case 'random-two':
      return () => new RandomTwo()
    case 'sticky': {
      const keyOf = keySource(balance, trust)
      return () => new Sticky(keyOf, balance.lingerMs)
    }
    case 'custom':
      return () => new Custom(balance.choose)
  }
}
