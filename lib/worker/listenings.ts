import { UpError } from '../errors.js'
import { Listening, type ListeningHost } from './listening.js'
import type { FromWorker, ListenAnswer, Refusal } from './messages.js'

export interface ListeningsHost extends ListeningHost {
  /** A server wants to listen; listens; does so no longer, or has given up to. */
  readonly tell: (event: 'listen' | 'bound' | 'unbound', listening: Listening) => void
}

/** All servers of a worker's that listen, or want to. */
export class Listenings {
  /** The first of them, or what took its place: once it listens, the worker can serve. */
  primary: Listening | undefined
  readonly #host: ListeningsHost
  readonly #sendOn: (answer: ListenAnswer) => void
  readonly #all = new Map<number, Listening>()
  #refused: Refusal | undefined

  constructor(host: ListeningsHost) {
    this.#host = { ...host, send: answer => this.#send(answer) }
    this.#sendOn = host.send
  }

  /** Whether the first of them listens; or some other, where the first may not. */
  get bound(): boolean {
    const { primary } = this
    if (primary !== undefined && this.#isOpen(primary)) return primary.bound
    return [...this.#all.values()].some(({ bound }) => bound)
  }

  /** Why the server may not listen that was the last to want to, where that leaves none. */
  get refused(): UpError | undefined {
    const reason = this.bound ? undefined : this.#refused?.reason
    return reason === undefined ? undefined : new UpError('UP_ERR_LISTEN', reason)
  }

  onMessage(message: FromWorker & { readonly type: 'up:listen' | 'up:bound' | 'up:unbound' }): void {
    if (message.type === 'up:listen') {
      const listening = new Listening(message, this.#host)
      this.#refused = undefined
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

  #send(answer: ListenAnswer): void {
    if (answer.type === 'up:listen-refused') {
      this.#refused = answer.refusal
      this.#all.delete(answer.id)
    }
    this.#sendOn(answer)
  }

  #isOpen(listening: Listening): boolean {
    return [...this.#all.values()].includes(listening)
  }
}
