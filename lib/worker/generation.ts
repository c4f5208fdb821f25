import type { ResolvedOptions } from '../options/options.js'
import type { Release } from './release.js'
import type { Slot } from './slot.js'
import type { Worker } from './worker.js'

export type GenerationParts = Pick<Generation, 'number' | 'release' | 'version' | 'options' | 'serving'>

/** The workers that one start or reload spawned, and those that replaced them since. */
export class Generation {
  readonly number: number
  readonly release: Release
  /** The app's version when it was started. */
  readonly version: string | undefined
  /** Those that were in force when it was started: whoever replaces one of its workers is started alike. */
  readonly options: ResolvedOptions
  readonly slots = new Set<Slot>()
  /** Whether its workers take requests as soon as they are ready; until then they stand by. */
  serving: boolean

  constructor({ number, release, version, options, serving }: GenerationParts) {
    this.number = number
    this.release = release
    this.version = version
    this.options = options
    this.serving = serving
  }

  /** The lowest number that no slot has. */
  get freeNumber(): number {
    const taken = new Set([...this.slots].map(slot => slot.number))
    let number = 0
    while (taken.has(number)) number++
    return number
  }

  /** Its workers that can serve. */
  get available(): Worker[] {
    return this.workersIn('spawned')
  }

  /** All its workers whose process is not gone. */
  get workers(): Worker[] {
    return [...this.slots].flatMap(({ worker }) => (worker === undefined ? [] : [worker]))
  }

  workersIn(state: Worker['readyState']): Worker[] {
    return this.workers.filter(({ readyState }) => readyState === state)
  }
}
