import type { AddressInfo, Server as NetServer } from 'node:net'
import { bindHandle } from '../handles/bind-handle.js'
import type { RawHandle } from '../handles/raw-handle.js'
import { StandIn } from '../handles/stand-in.js'
import type { Listening } from '../worker/listening.js'
import { shownTo, type Port } from './port.js'
import { addressOf, BACKLOG, type PortUsers, type Shared } from './shared-port.js'

/** A server of node:net's, inside. */
interface ServerInternals {
  _handle: RawHandle | null
  /** What every way of calling `listen` comes to; node:net keeps the name for those who wrap it. */
  _listen2: Listen2
}

type Listen2 = (
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number,
  fd: number | undefined,
  flags: number | undefined
) => void

export interface GivenPortUsers extends PortUsers {
  /** The master has accepted a connection. */
  onConnection(port: Shared, client: RawHandle): void
}

/**
 * The port of the user's own server, whose connections go to the workers. One that does not listen yet only binds its
 * port when it is told to listen, and the workers accept; one that listens already hands each connection on.
 */
export class GivenPort implements Port, Shared {
  readonly number: number
  readonly #server: NetServer
  readonly #users: GivenPortUsers
  #backlog = BACKLOG
  #handle: RawHandle | undefined
  #address: AddressInfo | string | null = null
  readonly #opened: Promise<void>
  #onOpened: () => void = () => {}

  constructor(number: number, server: NetServer, users: GivenPortUsers) {
    this.number = number
    this.#server = server
    this.#users = users
    this.#opened = new Promise(resolve => (this.#onOpened = resolve))
    const own = server as unknown as ServerInternals
    if (own._handle === null) this.#interceptListen(own)
    else this.#takeConnections(own._handle)
  }

  get backlog(): number {
    return this.#backlog
  }

  get handle(): RawHandle | undefined {
    return this.#handle
  }

  get address(): AddressInfo | string | null {
    return this.#address
  }

  /** Resolves when the user has had it listen. */
  open(): Promise<void> {
    return this.#opened
  }

  admit(listening: Listening): void {
    this.#users.admit(this, listening, shownTo(listening, this.#address) ?? shownAs(this.#address))
  }

  /** The server is the user's to close. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  #interceptListen(own: ServerInternals): void {
    const listen = own._listen2.bind(own)
    own._listen2 = (address, port, addressType, backlog, fd, flags) => {
      const handle = bindHandle(address, port, addressType, fd, flags)
      const name = typeof handle === 'number' ? undefined : (addressOf(handle) ?? undefined)
      const standIn = new StandIn(name, () => {
        // One that could not listen may be told to listen elsewhere.
        if (standIn.error === 0) this.#onClose()
      })
      const goOn = (): void => {
        // It was closed meanwhile.
        if (own._handle === standIn) listen(address, port, addressType, backlog, fd, flags)
      }
      own._handle = standIn
      if (typeof handle === 'number') {
        // node:net makes the error of it, as if its own handle had said so.
        standIn.error = handle
        return goOn()
      }
      this.#handle = handle
      this.#address = name ?? address
      if (backlog > 0) this.#backlog = backlog
      this.#onOpened()
      void this.#users.prime(this).then(goOn)
    }
  }

  #takeConnections(handle: RawHandle): void {
    this.#address = this.#server.address()
    const { onconnection, close } = handle
    handle.onconnection = (status, client) => {
      if (status === 0 && client !== undefined) this.#users.onConnection(this, client)
      // Of what could not be accepted node:net tells.
      else onconnection?.call(handle, status, client)
    }
    handle.close = callback => {
      close.call(handle, callback)
      this.#onClose()
    }
    this.#onOpened()
  }

  #onClose(): void {
    this.#handle?.close()
    this.#handle = undefined
    this.#users.onClosed(this)
  }
}

/** A worker's server that left its address to the master shows where that is. */
function shownAs(address: AddressInfo | string | null): AddressInfo | undefined {
  return typeof address === 'string' || address === null ? undefined : address
}
