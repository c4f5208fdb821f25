import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { Answered } from './answered.js'
import { SharedServer, type SharedPlace } from './shared-server.js'

/** What node:http publishes of a request of HTTP/1.1. */
interface Published {
  readonly response: ServerResponse
  readonly server: NetServer
}

/** The servers that accept from shared handles; also those that are closed, until their last connection is. */
export class SharedServers implements Iterable<SharedServer> {
  readonly answered = new Answered()
  readonly #onQuiet: () => void
  readonly #all = new Set<SharedServer>()
  readonly #byPort = new Map<number, SharedServer>()
  readonly #byServer = new WeakMap<NetServer, SharedServer>()
  #hears = false

  /** @param onQuiet see {@link SharedServer} */
  constructor(onQuiet: () => void) {
    this.#onQuiet = onQuiet
  }

  /** The one that listens on what the master calls this port, or was the last to. */
  at(port: number): SharedServer | undefined {
    return this.#byPort.get(port)
  }

  /** The server listens from now on: for the first time, or again, with the connections that it still has. */
  listen(server: NetServer, place: SharedPlace): void {
    this.#hear()
    const shared = this.#byServer.get(server) ?? new SharedServer(server, this.answered, this.#onQuiet)
    this.#byServer.set(server, shared)
    this.#all.add(shared)
    // Whoever listened there before is closed; what he has under way goes on to count.
    if (this.#byPort.get(shared.port) === shared) this.#byPort.delete(shared.port)
    this.#byPort.set(place.port, shared)
    shared.listen(place)
  }

  *[Symbol.iterator](): Iterator<SharedServer> {
    for (const shared of this.#all) {
      if (shared.isOpen || shared.size > 0) yield shared
      else this.#forget(shared)
    }
  }

  /** Of requests and answers, as long as the process lives: unlike a listener, that costs next to nothing. */
  #hear(): void {
    if (this.#hears) return
    this.#hears = true
    subscribe('http.server.request.start', message => {
      const { response, server } = message as Published
      this.#byServer.get(server)?.onRequest(response)
    })
    subscribe('http.server.response.finish', message => {
      const { response, server } = message as Published
      if (this.#byServer.has(server)) this.answered.onAnswer(response)
    })
  }

  #forget(shared: SharedServer): void {
    this.#all.delete(shared)
    if (this.#byPort.get(shared.port) === shared) this.#byPort.delete(shared.port)
  }
}
