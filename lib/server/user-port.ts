import type { AddressInfo } from 'node:net'
import type { ProxiedServer } from '../distributor/middleware.js'
import { admitForwarded, type Port } from '../ports/port.js'
import type { Listening } from '../worker/listening.js'

/** The server that the user gave, which listens where, and when, he wants. */
export class UserPort implements Port {
  readonly #server: ProxiedServer

  constructor(server: ProxiedServer) {
    this.#server = server
  }

  get address(): AddressInfo | string | null {
    return this.#server.address()
  }

  open(): Promise<void> {
    return Promise.resolve()
  }

  admit(listening: Listening): void {
    admitForwarded(listening, this.address)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
