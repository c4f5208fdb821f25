import type { Candidate } from './policy.js'

/**
 * The candidate that a key belongs to, by rendezvous hashing: each slot has a weight for the key, and the
 * heaviest has it. So when one leaves, only its own keys move, to all others alike; and whoever has the
 * same slots decides the same.
 *
 * @param candidates the latest last: where two have the same slot, as in a rolling reload, it is chosen
 */
export function rendezvous<C extends Candidate>(
  key: string,
  candidates: readonly C[],
  avoid?: C
): C | undefined {
  const hash = hashOf(key)
  let heaviest: C | undefined
  let most = -1
  for (const candidate of candidates) {
    if (candidate === avoid) continue
    const weight = mix(hash ^ mix(candidate.slot + 1))
    if (weight < most) continue
    heaviest = candidate
    most = weight
  }
  return heaviest ?? candidates[0]
}

/** FNV-1a, 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash
}

/** Spreads each bit over all (the finalizer of MurmurHash3). A permutation: two slots never tie. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
