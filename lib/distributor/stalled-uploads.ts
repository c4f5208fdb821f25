import type { ServerResponse } from 'node:http'
import { isHttp2 } from '../proxy/http2-client.js'
import { isAwaited } from './awaited-body.js'
import type { ClientErrors } from './client-errors.js'
import type { ProxiedServer } from './middleware.js'
import type { Traffic } from './traffic.js'

const CHECK_MS = 1000

interface Progress {
  readonly bytes: number
  readonly since: number
}

/**
 * Ends uploads that stand still: when `headersTimeout` of the server passes without a byte that it waits for,
 * the client gets 408.
 */
export class StalledUploads {
  readonly #server: ProxiedServer
  readonly #traffic: Traffic
  readonly #errors: ClientErrors
  readonly #progress = new WeakMap<ServerResponse, Progress>()
  readonly #timer: NodeJS.Timeout

  constructor(server: ProxiedServer, traffic: Traffic, errors: ClientErrors) {
    this.#server = server
    this.#traffic = traffic
    this.#errors = errors
    this.#timer = setInterval(() => this.#check(performance.now()), CHECK_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #check(now: number): void {
    const limitMs: unknown = Reflect.get(this.#server, 'headersTimeout')
    if (typeof limitMs !== 'number' || limitMs === 0) return
    for (const res of this.#traffic.answers) {
      // In HTTP/2 the bytes of a connection say nothing about one request.
      if (isHttp2(res.req)) continue
      if (!isAwaited(res)) {
        this.#progress.delete(res)
        continue
      }
      const { socket } = res.req
      const bytes = socket.bytesRead
      const known = this.#progress.get(res)
      if (known?.bytes !== bytes) this.#progress.set(res, { bytes, since: now })
      else if (now - known.since > limitMs) this.#errors.refuse(socket, res, 408)
    }
  }
}
