import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import type { RawHandle } from '../../handles/raw-handle.js'
import type { Luggage } from '../../worker/handoff-messages.js'
import { WaitingConnection } from './waiting-connection.js'

/** A connection that may go to another worker, with what it takes along. */
export interface Movable {
  readonly socket: Socket
  readonly luggage: Luggage
}

/** The quiet connections of a server that came from other workers, and have had no byte here. */
export class WaitingConnections {
  readonly #all = new Set<WaitingConnection>()
  readonly #onFewer: () => void

  /** @param onFewer one of them has gone to the server, or is closed */
  constructor(onFewer: () => void) {
    this.#onFewer = onFewer
  }

  get size(): number {
    return this.#all.size
  }

  add(handle: RawHandle, server: HttpServer, luggage: Luggage): void {
    const gone = (connection: WaitingConnection): void => {
      this.#all.delete(connection)
      this.#onFewer()
    }
    this.#all.add(new WaitingConnection(handle, server, luggage, { onUsed: gone, onClosed: gone }))
  }

  /** Lets go of them, one after the other. */
  *release(): Iterable<Movable> {
    for (const connection of this.#all) {
      const { socket, luggage } = connection
      if (luggage === undefined) continue
      connection.release()
      this.#all.delete(connection)
      yield { socket, luggage }
    }
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy()
  }
}
