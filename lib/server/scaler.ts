import type { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Slot } from '../worker/slot.js'

/**
 * Brings the number of places in some generations, together, to `n`.
 *
 * @param generations where places that are too many are taken from; new ones are added to the last
 * @param drainMs how long a worker that is not wanted any more may finish its work, in milliseconds
 * @returns the places that were added
 */
export function scaleTo(
  n: number,
  fleet: Fleet,
  generations: readonly Generation[],
  drainMs: number
): readonly Slot[] {
  const last = generations.at(-1)
  const slots = generations.flatMap(generation => [...generation.slots])
  if (last !== undefined && slots.length < n) return fleet.addKept(last, n - slots.length)
  // Those that cannot serve go first, then the oldest.
  const order = [...slots.filter(slot => !slot.available), ...slots.filter(slot => slot.available)]
  const excess = new Set(order.slice(0, slots.length - n))
  for (const generation of [...generations]) {
    const going = [...generation.slots].filter(slot => excess.has(slot))
    if (going.length > 0) fleet.retire(generation, drainMs, going)
  }
  return []
}
