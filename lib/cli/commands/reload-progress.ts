import type { ControlStatus } from '../../control/steered.js'
import { formatMs } from '../format.js'
import type { Output } from '../output.js'
import type { RemoteEvent } from './control-client.js'
import { isApp } from './describe-status.js'

/** Says how a reload goes, worker by worker, as the program tells it. */
export class ReloadProgress {
  /** Resolves when the program has told how a reload ended. */
  readonly over: Promise<void>
  readonly #out: Output
  /** The generation that served before. */
  readonly #serving: number
  /** The pids of new workers that are ready. */
  readonly #ready = new Set<unknown>()
  #numWorkers: number
  #end: () => void = () => {}

  constructor(before: ControlStatus, out: Output) {
    this.#out = out
    this.#serving = isApp(before) ? before.generation : 0
    this.#numWorkers = isApp(before) ? before.numWorkers : 0
    this.over = new Promise(resolve => (this.#end = resolve))
  }

  onEvent({ type, data }: RemoteEvent): void {
    switch (type) {
      case 'status':
        this.#numWorkers = Number(data['numWorkers'])
        break
      case 'reloading':
        this.#ready.clear()
        break
      case 'spawn':
        this.#onReady(data)
        break
      case 'retire':
        this.#out.info(`${nameOf(data)} retires`)
        break
      case 'terminate':
        this.#ready.delete(data['pid'])
        break
      case 'reload':
        this.#end()
    }
  }

  #onReady(data: RemoteEvent['data']): void {
    const isNew = data['generation'] !== this.#serving
    if (isNew) this.#ready.add(data['pid'])
    const which = isNew ? ` (${this.#ready.size} of ${this.#numWorkers})` : ''
    this.#out.info(`${nameOf(data)} is ready after ${formatMs(Number(data['readyMs']))}${which}`)
  }
}

function nameOf(data: RemoteEvent['data']): string {
  return `worker ${String(data['pid'])} of generation ${String(data['generation'])}`
}
