import type { Child } from '../common/child.js'
import type { Workshop } from '../common/workshop.js'
import type { FromLoad, LoadRecord, LoadSetup, ToLoad } from './protocol.js'

const START_MS = 10_000
/** Longer than any request waits for its answer. */
const STOP_MS = 90_000

/** A load, in a process of its own. */
export class Load {
  readonly #workshop: Workshop
  readonly #child: Child<ToLoad, FromLoad>

  static async start(workshop: Workshop, setup: LoadSetup): Promise<Load> {
    const child = workshop.fork<ToLoad, FromLoad>(new URL('./load.js', import.meta.url), [
      JSON.stringify(setup)
    ])
    await child.ask({ type: 'start' }, START_MS)
    return new Load(workshop, child)
  }

  private constructor(workshop: Workshop, child: Child<ToLoad, FromLoad>) {
    this.#workshop = workshop
    this.#child = child
  }

  /** Sends no more, and resolves with all requests when each has its answer; the index is the id. */
  async stop(): Promise<readonly LoadRecord[]> {
    const { records } = await this.#child.ask({ type: 'stop' }, STOP_MS)
    await this.#workshop.stop(this.#child)
    return records
  }
}
