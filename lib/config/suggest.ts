/** More differences than this are no slip of the hand. */
const MAX_DISTANCE = 2

/** The name that somebody may have meant who wrote this one; undefined: none is like it. */
export function suggest(written: string, names: readonly string[]): string | undefined {
  const plain = written.toLowerCase().replace(/[^a-z\d]/g, '')
  let best: string | undefined
  let least = Math.min(MAX_DISTANCE, Math.floor(plain.length / 3)) + 1
  for (const name of names) {
    const distance = distanceOf(plain, name.toLowerCase().replace(/[^a-z\d]/g, ''))
    if (distance < least) [best, least] = [name, distance]
  }
  return best
}

/** How many letters have to be put in, left out or replaced, or swapped with the next (Damerau and Levenshtein). */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? at(beforeLast, j - 2) + 1
          : Infinity
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1))
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], i: number): number {
  return row[i] ?? Infinity
}
