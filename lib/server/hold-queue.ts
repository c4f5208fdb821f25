import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { UpError } from '../errors.js'

interface Held {
  readonly client: Duplex
  readonly resolve: () => void
  readonly reject: (error: UpError) => void
}

/** How often held connections are examined, in milliseconds. */
const PROBE_MS = 1000

/**
 * Requests that wait until somebody can serve them: bounded in number and in time, released in order
 * of arrival. Their bodies stay unread.
 */
export class HoldQueue {
  readonly #max: number
  readonly #timeoutMs: number
  readonly #held = new Set<Held>()
  #probe: NodeJS.Timeout | undefined

  /**
   * @param max how many may wait at once
   * @param timeoutMs how long each may wait, in milliseconds; 0 is no limit
   */
  constructor(max: number, timeoutMs: number) {
    this.#max = max
    this.#timeoutMs = timeoutMs
  }

  /** How many wait now. */
  get size(): number {
    return this.#held.size
  }

  /**
   * Resolves when it is this request's turn.
   *
   * Rejects with `UP_ERR_HOLD_FULL` if too many wait already, `UP_ERR_HOLD_TIMEOUT` when the time is
   * over, `UP_ERR_CLIENT_CLOSED` when the client has gone, or with the error given to `rejectAll`.
   *
   * @param since when the request began to wait first, by `performance.now()`
   */
  wait(client: Duplex, since: number): Promise<void> {
    if (client.destroyed) return Promise.reject(clientClosed())
    if (this.#held.size >= this.#max) {
      const message = `${this.#max} requests are waiting for a worker already (maxHeld)`
      return Promise.reject(new UpError('UP_ERR_HOLD_FULL', message))
    }
    return new Promise((resolve, reject) => {
      const onClose = (): void => held.reject(clientClosed())
      const leave = (): void => {
        clearTimeout(timer)
        client.removeListener('close', onClose)
        this.#held.delete(held)
        if (this.#held.size > 0) return
        clearInterval(this.#probe)
        this.#probe = undefined
      }
      const held: Held = {
        client,
        resolve: () => {
          leave()
          resolve()
        },
        reject: error => {
          leave()
          reject(error)
        }
      }
      const timer =
        this.#timeoutMs === 0 ? undefined : setTimeout(() => held.reject(this.#late()), this.#left(since))
      client.once('close', onClose)
      this.#held.add(held)
      this.#probe ??= setInterval(() => this.#examine(), PROBE_MS).unref()
    })
  }

  /** Lets all go on, in order of arrival. */
  releaseAll(): void {
    for (const held of [...this.#held]) held.resolve()
  }

  rejectAll(error: UpError): void {
    for (const held of [...this.#held]) held.reject(error)
  }

  /**
   * A connection that is not read, because its request's body has to wait, does not tell that it was
   * reset. An empty write does, and sends nothing. The connection of an HTTP/2 stream is always read.
   */
  #examine(): void {
    for (const { client } of [...this.#held])
      if (client instanceof Socket && client.writable) client.write('')
  }

  #left(since: number): number {
    return Math.max(0, since + this.#timeoutMs - performance.now())
  }

  #late(): UpError {
    return new UpError(
      'UP_ERR_HOLD_TIMEOUT',
      `no worker was available for ${this.#timeoutMs} ms (holdTimeout)`
    )
  }
}

function clientClosed(): UpError {
  return new UpError('UP_ERR_CLIENT_CLOSED', 'the client closed its connection while its request was waiting')
}
