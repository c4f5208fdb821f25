import { bindHandle } from '../handles/bind-handle.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import { textOf } from './port.js'
import { addressOf, argsOf } from './shared-port.js'

/** What a worker asks for later on is a port of its own: so many are the same for all. */
const SAME_FOR_ALL = 100

type Tcp = Asked & { readonly kind: 'tcp' }

/** Gives those who ask for any free port, 0, a number: the first who asks in each worker the same, and so on. */
export class FreePorts {
  /** How often a worker has asked. */
  readonly #counts = new WeakMap<object, number>()
  readonly #nameOf = new WeakMap<Listening, string>()
  readonly #ports = new Map<string, number>()

  /** @returns 0 where none could be had, of which the system will tell the reason */
  find(worker: object, listening: Listening, asked: Tcp): number {
    const name = this.#nameOf.get(listening) ?? this.#nextName(worker, asked)
    this.#nameOf.set(listening, name)
    const known = this.#ports.get(name)
    if (known !== undefined) return known
    const port = freePort(asked)
    if (port !== 0 && (this.#counts.get(worker) ?? 0) <= SAME_FOR_ALL) this.#ports.set(name, port)
    return port
  }

  /**
   * Somebody else has taken it meanwhile.
   *
   * @returns whether it was such a port: then the next will be another one
   */
  lose(listening: Listening, port: number): boolean {
    const name = this.#nameOf.get(listening)
    if (name === undefined || port === 0) return false
    if (this.#ports.get(name) === port) this.#ports.delete(name)
    return true
  }

  #nextName(worker: object, asked: Tcp): string {
    const count = (this.#counts.get(worker) ?? 0) + 1
    this.#counts.set(worker, count)
    return `${textOf(asked)} #${count}`
  }
}

function freePort(asked: Tcp): number {
  const handle = bindHandle(...argsOf(asked))
  if (typeof handle === 'number') return 0
  const port = addressOf(handle)?.port ?? 0
  handle.close()
  return port
}
