/** How far above the mean a worker's number of connections may be. */
const TOLERANCE = 1.1

/**
 * How many connections each worker is to give away, so that all have about as many.
 *
 * @param counts how many each has
 */
export function surpluses(counts: readonly number[]): number[] {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const fewest = Math.min(...counts)
  return counts.map(count =>
    // One more than another is as even as it gets.
    count > mean * TOLERANCE && count > fewest + 1 ? Math.floor(count - mean) : 0
  )
}
