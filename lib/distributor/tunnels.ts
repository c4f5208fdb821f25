import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import { lingeringEnd } from '../proxy/lingering-end.js'
import { refusal } from './client-errors.js'
import { followsRefused } from './framing-guard.js'
import type { ProxiedServer } from './middleware.js'
import { behindAnswers } from './pipelined-switch.js'
import type { Traffic } from './traffic.js'

/**
 * Answers CONNECT with 501, unless somebody else listens to it: a gateway is no tunnel (RFC 9110 section 9.3.6).
 * Without a listener node:http closes the connection without a word.
 */
export class Tunnels {
  readonly #events: EventEmitter
  readonly #traffic: Traffic

  constructor(server: ProxiedServer, traffic: Traffic) {
    this.#events = server
    this.#traffic = traffic
    if (this.#events.listenerCount('connect') === 0) this.#events.on('connect', this.#onConnect)
  }

  detach(): void {
    this.#events.removeListener('connect', this.#onConnect)
  }

  readonly #onConnect = (req: IncomingMessage, client: Duplex | ServerResponse): void => {
    if (followsRefused(req) || this.#events.listenerCount('connect') > 1) return
    // In HTTP/2 it is a stream like any other.
    if (client instanceof Http2ServerResponse) {
      this.#traffic.watcher?.onRefusal(req.socket, 501, req)
      return void client.writeHead(501).end()
    }
    const socket = client as Duplex
    socket.on('error', () => socket.destroy())
    behindAnswers(this.#traffic, socket, () => {
      this.#traffic.watcher?.onRefusal(socket, 501, req)
      lingeringEnd(socket, refusal(501))
    })
  }
}
