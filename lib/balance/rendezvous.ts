import { hashOf, mix } from './hash.js'
import type { Candidate } from './policy.js'

/**
 * The candidate that a key belongs to, by rendezvous hashing: each slot has a score for the key, and the
 * highest has it. So when one leaves, only its own keys move, to all others alike; and whoever has the
 * same slots decides the same.
 *
 * The score is the logarithm of a hash, from 0 to 1, by the candidate's weight: which gives each its share
 * of the keys, and moves no keys between two others when a weight changes (Schindelhauer and Schomaker,
 * "Weighted Distributed Hash Tables").
 *
 * @param candidates the latest last: where two have the same slot, as in a rolling reload, it is chosen
 */
export function rendezvous<C extends Candidate>(
  key: string,
  candidates: readonly C[],
  avoid?: C
): C | undefined {
  const hash = hashOf(key)
  let highest: C | undefined
  let most = -Infinity
  for (const candidate of candidates) {
    if (candidate === avoid) continue
    // Half a step above 0, which has no logarithm.
    const share = (mix(hash ^ mix(candidate.slot + 1)) + 0.5) / 2 ** 32
    const score = Math.log(share) / candidate.weight
    if (score < most) continue
    highest = candidate
    most = score
  }
  return highest ?? candidates[0]
}
