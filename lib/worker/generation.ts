import type { Slot } from './slot.js'
import type { Worker } from './worker.js'

/** The workers that one start or reload spawned, and those that replaced them since. */
export class Generation {
  readonly number: number
  /** The app's version when it was started. */
  readonly version: string | undefined
  readonly slots = new Set<Slot>()
  /** Whether its workers take requests as soon as they are ready; until then they stand by. */
  serving: boolean

  constructor(number: number, version: string | undefined, serving: boolean) {
    this.number = number
    this.version = version
    this.serving = serving
  }

  /** Its workers that can serve. */
  get available(): Worker[] {
    return this.workersIn('spawned')
  }

  workersIn(state: Worker['readyState']): Worker[] {
    const found: Worker[] = []
    for (const { worker } of this.slots) if (worker?.readyState === state) found.push(worker)
    return found
  }
}
