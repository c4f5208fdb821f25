import type { FromSharing, Load, Luggage, ToSharing } from '../worker/handoff-messages.js'
import type { RawHandle } from '../handles/raw-handle.js'
import { surpluses } from './rebalance.js'

/** How often connections are spread evenly, and looked for where they may have been lost, in milliseconds. */
const LOOK_MS = 1000

/** A worker that serves connections by itself. */
export interface Taker {
  readonly sharer: {
    /** By its last report. */
    readonly load: Load
    /** Where it accepts. */
    readonly ports: ReadonlySet<number>
    send(message: ToSharing, handle?: RawHandle): void
  }
}

/** A connection that no worker has. */
export interface Loose {
  readonly port: number
  readonly handle: RawHandle
  readonly luggage: Luggage
}

interface UnderWay<W> {
  readonly connection: Loose
  readonly worker: W
  readonly refusedBy: ReadonlySet<W>
}

/**
 * Gives connections to workers: those that come back from one that retires, and those that the master accepted.
 * The master keeps each until its new worker has said that it has it; so none is lost with a worker that dies.
 */
export class Handoff<W extends Taker> {
  /** Workers that take connections, and how many each was given since its last report. */
  readonly #available = new Map<W, number>()
  readonly #underWay = new Map<number, UnderWay<W>>()
  #held: { connection: Loose; refusedBy: ReadonlySet<W> }[] = []
  /** Ports that are closed, and which others have their connections. */
  readonly #redirects = new Map<number, number | undefined>()
  #paused = false
  #closed = false
  #lastId = 0
  #timer: NodeJS.Timeout | undefined

  /** How many connections wait here, unread. */
  get held(): number {
    return this.#held.length
  }

  /** How many are on their way to a worker. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** From now on the worker gets connections. */
  add(worker: W): void {
    this.#available.set(worker, 0)
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref()
    this.#giveHeld()
  }

  /** It gets none any more; what it has, it keeps, or sends back. */
  remove(worker: W): void {
    this.#available.delete(worker)
  }

  /** Its process is gone: what it was given and has not taken is somebody else's. */
  lost(worker: W): void {
    this.remove(worker)
    this.#reclaim(worker, Infinity)
  }

  /** What a worker says of connections. */
  handle(worker: W, message: FromSharing, handle: RawHandle | undefined): void {
    if (message.type === 'up:connection') {
      // One that the client closed on the way has no handle.
      const { port, used, leftMs } = message
      if (handle !== undefined) this.give({ port, handle, luggage: { used, leftMs } })
    } else if (message.type === 'up:adopted') {
      this.#underWay.get(message.id)?.connection.handle.close()
      this.#underWay.delete(message.id)
    } else if (message.type === 'up:declined') {
      const sent = this.#underWay.get(message.id)
      this.#underWay.delete(message.id)
      if (sent !== undefined) this.give(sent.connection, new Set([...sent.refusedBy, worker]))
    } else if (message.type === 'up:settled') {
      this.#reclaim(worker, message.id)
    } else if (message.type === 'up:load' && this.#available.has(worker)) {
      this.#available.set(worker, this.#countUnderWay(worker))
    }
  }

  /** Finds a worker for a connection, or holds it until there is one. */
  give(loose: Loose, refusedBy: ReadonlySet<W> = new Set()): void {
    const connection = this.#redirected(loose)
    if (this.#closed || connection === undefined) return loose.handle.close()
    const worker = this.#paused ? undefined : this.#emptiest(connection.port, refusedBy)
    if (worker === undefined) {
      this.#held.push({ connection, refusedBy })
      return
    }
    const id = ++this.#lastId
    this.#underWay.set(id, { connection, worker, refusedBy })
    this.#available.set(worker, (this.#available.get(worker) ?? 0) + 1)
    const { port, luggage, handle } = connection
    worker.sharer.send({ type: 'up:adopt', id, port, ...luggage }, handle)
  }

  /** The port is closed: from now on its connections are those of another port, or end. */
  redirect(port: number, to: number | undefined): void {
    this.#redirects.set(port, to)
    this.#giveHeld()
  }

  /** From now on connections are held. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#giveHeld()
  }

  /** Closes what it holds, and what comes back from now on. */
  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    for (const { connection } of this.#held.splice(0)) connection.handle.close()
  }

  /** What the worker was given, up to this one, has not arrived: Node drops what it has no descriptor for. */
  #reclaim(worker: W, upTo: number): void {
    for (const [id, { connection, worker: owner, refusedBy }] of this.#underWay) {
      if (owner !== worker || id > upTo) continue
      this.#underWay.delete(id)
      this.give(connection, new Set([...refusedBy, worker]))
    }
  }

  #giveHeld(): void {
    if (this.#paused || this.#available.size === 0) return
    // A worker that came later may take what others would not.
    for (const { connection } of this.#held.splice(0)) this.give(connection)
  }

  #redirected(connection: Loose): Loose | undefined {
    let port: number | undefined = connection.port
    while (port !== undefined && this.#redirects.has(port)) port = this.#redirects.get(port)
    return port === undefined ? undefined : { ...connection, port }
  }

  #countUnderWay(worker: W): number {
    let count = 0
    for (const { worker: owner } of this.#underWay.values()) if (owner === worker) count++
    return count
  }

  #emptiest(port: number, refusedBy: ReadonlySet<W>): W | undefined {
    let best: W | undefined
    let fewest = Infinity
    for (const [worker, given] of this.#available) {
      const count = worker.sharer.load.connections + given
      if (count >= fewest || refusedBy.has(worker) || !worker.sharer.ports.has(port)) continue
      best = worker
      fewest = count
    }
    return best
  }

  #look(): void {
    for (const worker of new Set([...this.#underWay.values()].map(({ worker }) => worker)))
      worker.sharer.send({ type: 'up:settle', id: this.#lastId })
    this.#giveHeld()
    this.#rebalance()
  }

  #rebalance(): void {
    if (this.#paused || this.#available.size < 2) return
    const workers = [...this.#available.keys()]
    const counts = workers.map(worker => worker.sharer.load.connections + (this.#available.get(worker) ?? 0))
    for (const [i, count] of surpluses(counts).entries())
      if (count > 0) workers[i]?.sharer.send({ type: 'up:yield', count })
  }
}
