import type { Candidate } from './policy.js'

/** Requests and upgrades alike. */
export function loadOf({ inFlight, upgrades }: Candidate): number {
  return inFlight + upgrades
}

/**
 * Whether the next request would be a smaller load for `a` than for `b`, with regard to their weights. The
 * one that it brings is counted: of two that are idle, the heavier is less loaded by it.
 */
export function isLessLoaded(a: Candidate, b: Candidate): boolean {
  return (loadOf(a) + 1) * b.weight < (loadOf(b) + 1) * a.weight
}
