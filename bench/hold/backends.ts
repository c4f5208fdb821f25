import type { Child } from '../common/child.js'
import type { Workshop } from '../common/workshop.js'
import type { BackendSetup, FromBackend } from './protocol.js'

const START_MS = 30_000

/** A server behind the proxy, in a process of its own. */
export class Backend {
  /** Its port, or the path of its socket. */
  readonly place: string
  readonly #workshop: Workshop
  readonly #child: Child<never, FromBackend>
  readonly #pid: number

  static async start(workshop: Workshop, setup: BackendSetup): Promise<Backend> {
    const program = new URL('./backend.js', import.meta.url)
    const child = workshop.fork<never, FromBackend>(program, [JSON.stringify(setup)])
    return new Backend(workshop, child, await child.await('listening', START_MS))
  }

  private constructor(workshop: Workshop, child: Child<never, FromBackend>, { place, pid }: FromBackend) {
    this.place = place
    this.#workshop = workshop
    this.#child = child
    this.#pid = pid
  }

  /** Resolves when it is gone. */
  kill(): Promise<void> {
    process.kill(this.#pid, 'SIGKILL')
    return this.stop()
  }

  stop(): Promise<void> {
    return this.#workshop.stop(this.#child)
  }
}
