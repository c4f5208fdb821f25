import { Listening, type ListeningHost } from './listening.js'
import type { FromWorker } from './messages.js'

export interface ListeningsHost extends ListeningHost {
  /** A server wants to listen; listens; does so no longer, or has given up to. */
  readonly tell: (event: 'listen' | 'bound' | 'unbound', listening: Listening) => void
}

/** All servers of a worker's that listen, or want to. */
export class Listenings {
  /** The first of them, or what took its place: once it listens, the worker can serve. */
  primary: Listening | undefined
  readonly #host: ListeningsHost
  readonly #all = new Map<number, Listening>()

  constructor(host: ListeningsHost) {
    this.#host = host
  }

  /** Whether the first of them listens. */
  get bound(): boolean {
    return this.primary?.bound === true
  }

  onMessage(message: FromWorker & { readonly type: 'up:listen' | 'up:bound' | 'up:unbound' }): void {
    if (message.type === 'up:listen') {
      const listening = new Listening(message, this.#host)
      // What comes after the first was closed takes its place: an app that listens anew, or that first tried a port.
      if (this.primary === undefined || !this.#isOpen(this.primary)) this.primary = listening
      this.#all.set(message.id, listening)
      return this.#host.tell('listen', listening)
    }
    const listening = this.#all.get(message.id)
    if (listening === undefined) return
    if (message.type === 'up:bound') {
      listening.onBound(message.port, message.http)
      return this.#host.tell('bound', listening)
    }
    this.#all.delete(message.id)
    listening.onUnbound()
    this.#host.tell('unbound', listening)
  }

  #isOpen(listening: Listening): boolean {
    return [...this.#all.values()].includes(listening)
  }
}
