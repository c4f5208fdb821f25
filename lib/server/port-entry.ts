import { setTimeout as delay } from 'node:timers/promises'
import { describeAsked, isTaken, listenError } from '../ports/listen-error.js'
import { overlap } from '../ports/overlap.js'
import type { Port } from '../ports/port.js'
import type { Listening } from '../worker/listening.js'
import type { Asked, Protocol } from '../worker/messages.js'
import type { Worker } from '../worker/worker.js'
import type { PortPlan } from './port-plan.js'

/** How long to wait, in milliseconds, and how often, for processes to let go of an address that was another port's. */
const RETRY_MS = 50
const RETRIES = 100

/**
 * A port, and whose servers have asked for it. While another port of ours has the address, it waits: its servers
 * listen, as far as they can see, but nobody comes.
 */
export class PortEntry {
  readonly plan: PortPlan
  readonly port: Port
  readonly protocol: Protocol
  readonly users = new Map<Worker, Listening>()
  /** The newest that asked for it. */
  generation = 0
  /** Whether its opening has been told. */
  told = false
  /** Settles when it listens, or cannot; undefined while it waits. */
  opening: Promise<void> | undefined
  #isOpen = false
  #isClosed = false
  #wasUsed = false
  #wasLeft = false

  constructor(plan: PortPlan, protocol: Protocol) {
    this.plan = plan
    this.protocol = protocol
    this.port = plan.create()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether a server has listened there for longer than it takes to find out that the port is free. */
  get wasUsed(): boolean {
    return this.#wasUsed
  }

  /** Whether it was of use for nothing but to find that out. */
  get isUseless(): boolean {
    if (this.users.size > 0 || (this.opening !== undefined && !this.#isOpen)) return false
    // A descriptor could not be had again.
    return this.#wasLeft && this.plan.asked !== undefined && this.plan.asked.kind !== 'fd'
  }

  join(worker: Worker, listening: Listening): void {
    this.generation = Math.max(this.generation, worker.generation)
    this.users.set(worker, listening)
    this.#wasLeft = false
  }

  /** @returns whether it was this server's */
  leave(worker: Worker, listening: Listening): boolean {
    if (this.users.get(worker) !== listening) return false
    this.users.delete(worker)
    this.#wasLeft = !this.#wasUsed
    return true
  }

  /** @returns whether it is this server's, which listens */
  use(worker: Worker, listening: Listening): boolean {
    if (this.users.get(worker) !== listening) return false
    this.#wasUsed = true
    return true
  }

  isAt(asked: Asked | undefined): boolean {
    return asked !== undefined && this.plan.asked !== undefined && overlap(asked, this.plan.asked)
  }

  /** Whether one of these workers has a server that listens there. */
  serves(workers: ReadonlySet<Worker>): boolean {
    return [...this.users].some(([worker, { bound }]) => bound && workers.has(worker))
  }

  /** Listens. Rejects with what Node says against it. */
  open(): Promise<void> {
    this.opening = this.#open()
    return this.opening
  }

  /** Listens where another port of ours has listened until now, of which processes may still have copies. */
  openLate(): Promise<void> {
    this.opening = this.#openLate()
    return this.opening
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.port.close()
  }

  async #open(): Promise<void> {
    await this.port.open()
    // What has been closed meanwhile had nothing to close then.
    if (this.#isClosed) await this.port.close()
    else this.#isOpen = true
  }

  async #openLate(): Promise<void> {
    for (let left = RETRIES; !this.#isClosed; left--) {
      try {
        return await this.#open()
      } catch (error) {
        const { asked } = this.plan
        if (asked !== undefined && (!isTaken(error) || left === 0))
          throw listenError(error as Error, describeAsked(asked))
        await delay(RETRY_MS, undefined, { ref: false })
      }
    }
  }
}
