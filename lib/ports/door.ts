import type { EventEmitter } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import { openServer } from './open-server.js'
import { admitForwarded, type Port } from './port.js'

/** Listens for a server of the master's, which may so have several addresses, and others after a reload. */
export class Door implements Port {
  readonly #inner: EventEmitter
  readonly #asked: Asked
  readonly #outer: Server

  /** @param server gets the connections */
  constructor(server: EventEmitter, asked: Asked) {
    this.#inner = server
    this.#asked = asked
    // As the servers of node:http accept theirs.
    this.#outer = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
      server.emit('connection', socket)
    })
  }

  get address(): AddressInfo | string | null {
    return this.#outer.address()
  }

  async open(): Promise<void> {
    await openServer(this.#outer, this.#asked)
    this.#outer.on('error', error => this.#inner.emit('error', error))
    // Its timers and its list of connections begin with this.
    this.#inner.emit('listening')
  }

  admit(listening: Listening): void {
    admitForwarded(listening, this.address, this.#asked)
  }

  /** The connections are the server's to end. */
  close(): Promise<void> {
    this.#outer.close()
    return Promise.resolve()
  }
}
