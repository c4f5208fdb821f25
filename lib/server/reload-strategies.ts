import { WorkerError } from '../errors.js'
import type { Strategy } from '../options/options.js'
import type { Generation } from '../worker/generation.js'
import type { Slot } from '../worker/slot.js'
import type { Worker } from '../worker/worker.js'

/** What a reload can do; the strategies decide when. */
export interface ReloadSteps {
  /** How many workers the new generation is to have. */
  readonly numWorkers: number
  /** How many new workers a rolling reload starts at a time. */
  readonly surge: number
  /** How long the whole new set may take after the switch, in milliseconds; 0 is no limit. */
  readonly readyTimeoutMs: number
  readonly generation: Generation
  addSlot(): Slot
  /** These places of the new generation are not wanted, where there are others that serve. */
  giveUp(slots: readonly Slot[]): void
  /** The new generation takes requests, beside the old ones. */
  join(): void
  /** The new generation takes all requests: the old ones retire. */
  switchOver(): void
  /** Retires what is above the wanted number: who cannot serve, then the oldest. */
  retireExcess(): void
  /** The first new worker is ready; under 'first' the switch is made already. */
  readonly onFirst: (worker: Worker) => void
}

/** Carries a reload out. Rejects with the error of the worker that made it fail; nothing is undone here. */
export const reloadStrategies: Record<Strategy, (steps: ReloadSteps) => Promise<void>> = {
  first: reloadFirst,
  all: reloadAll,
  rolling: reloadRolling
}

async function reloadFirst(steps: ReloadSteps): Promise<void> {
  const slots = addSlots(steps, steps.numWorkers)
  const worker = await firstReady(slots)
  steps.switchOver()
  steps.onFirst(worker)
  // Those that failed so far get more chances now, with backoff: the old code is on its way out.
  for (const slot of slots) slot.keep()
  await allAvailable(slots, steps.readyTimeoutMs)
}

/** Also the way in which a generation is started that is to stand by. */
export async function reloadAll(steps: ReloadSteps): Promise<void> {
  const slots = addSlots(steps, steps.numWorkers)
  void firstReady(slots).then(steps.onFirst, () => {})
  await allStarted(slots)
  steps.switchOver()
  for (const slot of slots) slot.keep()
}

async function reloadRolling(steps: ReloadSteps): Promise<void> {
  const placed: Slot[] = []
  while (placed.length < steps.numWorkers) {
    const slots = addSlots(steps, Math.min(steps.surge, steps.numWorkers - placed.length))
    if (placed.length === 0) void firstReady(slots).then(steps.onFirst, () => {})
    try {
      await allStarted(slots)
    } catch (error) {
      steps.giveUp(slots)
      throw error
    }
    steps.join()
    for (const slot of slots) slot.keep()
    placed.push(...slots)
    // One that was placed before may have died since: nobody leaves until it is replaced.
    const complete = await allAvailable(placed, steps.readyTimeoutMs)
    if (complete && placed.length === steps.numWorkers) return steps.switchOver()
    if (!complete)
      throw new WorkerError('UP_ERR_WORKER_EXIT', 'a new worker died, and none took its place in time')
    steps.retireExcess()
  }
}

/** Resolves when the first worker of each slot is ready, and none of them has died since. */
async function allStarted(slots: readonly Slot[]): Promise<void> {
  await Promise.all(slots.map(slot => slot.firstStart))
  if (slots.some(slot => !slot.available))
    throw new WorkerError('UP_ERR_WORKER_EXIT', 'a new worker died before all were ready')
}

/** Resolves with the first worker that is ready. Rejects, with the first error, when all have failed. */
export async function firstReady(slots: readonly Slot[]): Promise<Worker> {
  try {
    return await Promise.any(slots.map(slot => slot.firstStart))
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  }
}

function addSlots(steps: ReloadSteps, count: number): Slot[] {
  return Array.from({ length: count }, () => steps.addSlot())
}

/**
 * Resolves with true when all slots have an available worker, all at one time; with false when one of them will have
 * none any more, or when the time is over.
 */
export async function allAvailable(slots: readonly Slot[], timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    if (timeoutMs > 0) timer = setTimeout(() => resolve(false), timeoutMs)
  })
  try {
    // Again, as one may die while others are waited for.
    while (slots.some(slot => !slot.available)) {
      const all = Promise.all(slots.map(slot => slot.whenAvailable())).then(came => !came.includes(false))
      if (!(await Promise.race([late, all]))) return false
    }
    return true
  } finally {
    clearTimeout(timer)
  }
}
