import type { AddressInfo } from 'node:net'
import type { ProxiedServer } from '../distributor/middleware.js'
import { refusalOf } from '../ports/listen-error.js'
import { shownTo, type Port } from '../ports/port.js'
import type { Listening } from '../worker/listening.js'
import type { Protocol } from '../worker/messages.js'

/** What the master can speak to: it forwards requests of HTTP/1.1, without TLS. */
const SPOKEN: readonly Protocol[] = ['http', 'https', 'net']

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
    const { protocol } = listening
    if (SPOKEN.includes(protocol)) return listening.listenPrivately(shownTo(listening, this.address))
    const why = `a server of ${protocol} cannot listen here: the master speaks plain HTTP/1.1 to its workers`
    listening.refuse(refusalOf(new Error(why)))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
