import { setTimeout as delay } from 'node:timers/promises'

/** Stands for the pool of a real database: at most `size` handles, which stay open until it is closed. */
export class Pool {
  #size
  #opened = 0
  #idle = []
  #busy = new Set()
  #waiting = []
  #onIdle

  constructor(size) {
    this.#size = size
  }

  get open() {
    return this.#idle.length + this.#busy.size
  }

  /** Answers after a while, as a database does. */
  async query(text) {
    const handle = await this.#acquire()
    try {
      await delay(handle.latencyMs)
      return `${text}, by handle ${handle.id}`
    } finally {
      this.#release(handle)
    }
  }

  /** Lets running queries end, then closes every handle; resolves with their number. */
  async close() {
    if (this.#busy.size > 0) await new Promise(resolve => (this.#onIdle = resolve))
    const handles = this.#idle.splice(0)
    for (const handle of handles) clearInterval(handle.keepAlive)
    return handles.length
  }

  async #acquire() {
    let handle = this.#idle.pop()
    if (handle === undefined && this.open < this.#size) handle = this.#openHandle()
    handle ??= await new Promise(resolve => this.#waiting.push(resolve))
    this.#busy.add(handle)
    return handle
  }

  /** As the connection of a real one, a handle keeps the process alive until it is closed. */
  #openHandle() {
    return { id: ++this.#opened, latencyMs: 50, keepAlive: setInterval(() => {}, 60_000) }
  }

  #release(handle) {
    const next = this.#waiting.shift()
    if (next !== undefined) return next(handle)
    this.#busy.delete(handle)
    this.#idle.push(handle)
    if (this.#busy.size === 0) this.#onIdle?.()
  }
}
