import type { Fleet } from '../worker/fleet.js'
import type { Slot } from '../worker/slot.js'

/**
 * Brings the number of places to `n`. Resolves when workers that were added are ready; rejects with the
 * error of one that failed.
 *
 * @param add adds places that are kept
 * @param drainMs how long a worker that is not wanted any more may finish its work, in milliseconds
 */
export async function scaleTo(
  n: number,
  fleet: Fleet,
  add: (count: number) => Slot[],
  drainMs: number
): Promise<void> {
  const slots = fleet.generations.flatMap(generation => [...generation.slots])
  if (slots.length < n) {
    await Promise.all(add(n - slots.length).map(slot => slot.firstStart))
    return
  }
  // Those that cannot serve go first, then the oldest.
  const order = [...slots.filter(slot => !slot.available), ...slots.filter(slot => slot.available)]
  const excess = new Set(order.slice(0, slots.length - n))
  for (const generation of [...fleet.generations]) {
    const going = [...generation.slots].filter(slot => excess.has(slot))
    if (going.length > 0) fleet.retire(generation, drainMs, going)
  }
}
