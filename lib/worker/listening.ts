import type { AddressInfo } from 'node:net'
import type { Address } from '../proxy/address.js'
import type { Asked, Bind, ListenAnswer, ListenMessage, Protocol, Refusal } from './messages.js'

export interface ListeningHost {
  /** A place to listen for the master alone. */
  readonly nextBind: () => Bind
  readonly clientField: string | undefined
  readonly send: (answer: ListenAnswer) => void
}

/** A server of a worker's that listens, or wants to. */
export class Listening {
  /** Where the app asked to listen; undefined: the module exports the server, and leaves that to the master. */
  readonly asked: Asked | undefined
  readonly protocol: Protocol
  readonly #id: number
  readonly #host: ListeningHost
  #bind: Bind | undefined
  #bound: { readonly port: number | undefined; readonly http: boolean } | undefined

  constructor({ id, asked, protocol }: ListenMessage, host: ListeningHost) {
    this.#id = id
    this.asked = asked
    this.protocol = protocol
    this.#host = host
  }

  /** Whether it listens. */
  get bound(): boolean {
    return this.#bound !== undefined
  }

  /** Where it listens for the master; undefined until then, and if clients connect to it themselves. */
  get address(): Address | undefined {
    if (this.#bind === undefined || this.#bound === undefined) return undefined
    if ('socketPath' in this.#bind) return this.#bind
    const { port } = this.#bound
    return port === undefined ? undefined : { port, host: this.#bind.host }
  }

  /** Name of the field by which its http server learns the client; undefined if it does not read one. */
  get clientField(): string | undefined {
    return this.#bound?.http === true ? this.#host.clientField : undefined
  }

  /** Has it listen for the master, which forwards; `shown` is what `server.address()` tells. */
  listenPrivately(shown: AddressInfo | undefined): void {
    this.#bind = this.#host.nextBind()
    this.#host.send({ type: 'up:listen-at', id: this.#id, bind: this.#bind, shown })
  }

  /** Has it listen on a port that workers share; it accepts nothing until it is told. */
  listenOn(port: number, backlog: number, shown: AddressInfo | undefined): void {
    this.#host.send({ type: 'up:listen-on', id: this.#id, port, backlog, shown })
  }

  refuse(refusal: Refusal): void {
    this.#host.send({ type: 'up:listen-refused', id: this.#id, refusal })
  }

  onBound(port: number | undefined, http: boolean): void {
    this.#bound = { port, http }
  }

  onUnbound(): void {
    this.#bound = undefined
  }
}
