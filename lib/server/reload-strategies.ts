import { WorkerError } from '../errors.js'
import type { Strategy } from '../options/options.js'
import type { Generation } from '../worker/generation.js'
import type { Slot } from '../worker/slot.js'
import type { Worker } from '../worker/worker.js'

/** What a reload can do; the strategies decide when. */
export interface ReloadSteps {
  /** How many workers the new generation is to have. */
  readonly numWorkers: number
  /** How long the whole new set may take after the switch, in milliseconds; 0 is no limit. */
  readonly readyTimeoutMs: number
  readonly generation: Generation
  addSlot(): Slot
  /** The new generation takes requests, beside the old ones. */
  join(): void
  /** The new generation takes all requests: the old ones retire. */
  switchOver(): void
  /** Retires one worker of the old generations. */
  retireOneOld(): void
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
  const slots = addSlots(steps)
  const worker = await firstReady(slots)
  steps.switchOver()
  steps.onFirst(worker)
  // Those that failed so far get more chances now, with backoff: the old code is on its way out.
  for (const slot of slots) slot.keep()
  await allAvailable(slots, steps.readyTimeoutMs)
}

/** Also the way in which a generation is started that is to stand by. */
export async function reloadAll(steps: ReloadSteps): Promise<void> {
  const slots = addSlots(steps)
  void firstReady(slots).then(steps.onFirst, () => {})
  await Promise.all(slots.map(slot => slot.firstStart))
  const dead = slots.find(slot => !slot.available)
  if (dead !== undefined)
    throw new WorkerError('UP_ERR_WORKER_EXIT', 'a new worker died before all were ready')
  steps.switchOver()
  for (const slot of slots) slot.keep()
}

async function reloadRolling(steps: ReloadSteps): Promise<void> {
  for (let i = 0; i < steps.numWorkers; i++) {
    const slot = steps.addSlot()
    let worker: Worker
    try {
      worker = await slot.firstStart
    } catch (error) {
      steps.generation.slots.delete(slot)
      throw error
    }
    steps.join()
    slot.keep()
    if (i === 0) steps.onFirst(worker)
    if (i < steps.numWorkers - 1) steps.retireOneOld()
  }
  steps.switchOver()
}

/** Resolves with the first worker that is ready. Rejects, with the first error, when all have failed. */
export async function firstReady(slots: readonly Slot[]): Promise<Worker> {
  try {
    return await Promise.any(slots.map(slot => slot.firstStart))
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  }
}

function addSlots(steps: ReloadSteps): Slot[] {
  return Array.from({ length: steps.numWorkers }, () => steps.addSlot())
}

/** Resolves when all slots have an available worker, or when the time for that is over. */
export async function allAvailable(slots: readonly Slot[], timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    if (timeoutMs > 0) timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([late, Promise.all(slots.map(slot => slot.whenAvailable()))])
  clearTimeout(timer)
}
