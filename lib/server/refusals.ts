import type { Refusal } from '../worker/messages.js'
import type { Worker } from '../worker/worker.js'

interface Remembered {
  readonly refusal: Refusal
  /** Who was refused, and whether the system said so, not just this memory. */
  readonly workers: Map<Worker, boolean>
}

/**
 * Ports that somebody else had. An app may take another one then; so all workers of a generation are told the same,
 * also if the port is free by now, and come to the same port. Whoever asks once more, asks the system.
 */
export class Refusals {
  readonly #all = new Map<string, Remembered>()

  /** What the worker is told without asking the system. */
  find(worker: Worker, key: string): Refusal | undefined {
    const known = this.#all.get(nameOf(worker, key))
    if (known === undefined || known.workers.has(worker) || !isOfUse(known)) return undefined
    known.workers.set(worker, false)
    return known.refusal
  }

  /** The system has said it. */
  add(worker: Worker, key: string, refusal: Refusal): void {
    const name = nameOf(worker, key)
    const workers = this.#all.get(name)?.workers ?? new Map<Worker, boolean>()
    this.#all.set(name, { refusal, workers: workers.set(worker, true) })
  }

  /** The worker has got the port. */
  delete(worker: Worker, key: string): void {
    this.#all.delete(nameOf(worker, key))
  }

  onGone(worker: Worker): void {
    for (const [name, { workers }] of this.#all) {
      workers.delete(worker)
      if (workers.size === 0) this.#all.delete(name)
    }
  }
}

/** One that died of it binds nobody: else those that take its place could never have the port again. */
function isOfUse({ workers }: Remembered): boolean {
  return [...workers].some(
    ([{ readyState }, first]) => readyState === 'spawned' || (first && readyState === 'spawning')
  )
}

function nameOf({ generation }: Worker, key: string): string {
  return `${generation} ${key}`
}
