/** How well an order of arrival was kept. */
export interface Order {
  /** How many were looked at. */
  readonly count: number
  /** How many began behind one that was sent later, by more than the tolerance. */
  readonly overtaken: number
  /** By how much at most, in milliseconds. */
  readonly furthestMs: number
}

/** What is sent within so many milliseconds may arrive in any order. */
const TOLERANCE_MS = 5

/** @param sentAt when each was sent, in the order in which they began to be processed */
export function orderOf(sentAt: readonly number[]): Order {
  let overtaken = 0
  let furthestMs = 0
  let latest = -Infinity
  for (const time of sentAt) {
    if (latest - time > TOLERANCE_MS) overtaken++
    furthestMs = Math.max(furthestMs, latest - time)
    latest = Math.max(latest, time)
  }
  return { count: sentAt.length, overtaken, furthestMs }
}
