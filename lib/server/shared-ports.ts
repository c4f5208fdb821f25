import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { Handoff } from '../handoff/handoff.js'
import { takeHandle, type RawHandle } from '../handles/raw-handle.js'
import { GivenPort } from '../ports/given-port.js'
import type { Port } from '../ports/port.js'
import { SharedPort, type Shared } from '../ports/shared-port.js'
import type { Meter } from '../meters/meter.js'
import type { Fleet } from '../worker/fleet.js'
import type { FromSharing } from '../worker/handoff-messages.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import type { Worker } from '../worker/worker.js'
import type { PauseResult } from './api.js'

/** The ports whose connections workers serve by themselves: the master sees no request of theirs. */
export class SharedPorts {
  readonly #fleet: Fleet
  readonly #meter: Meter
  readonly #handoff = new Handoff<Worker>()
  readonly #ports = new Map<number, Shared & Port>()
  /** Workers that may have connections. */
  readonly #available = new Set<Worker>()
  /** Whose servers have asked for which port. */
  readonly #owners = new WeakMap<Listening, Worker>()
  readonly #portOf = new WeakMap<Listening, number>()
  /** Ports on which nobody has listened yet, and who waits for that. */
  readonly #unprimed = new Map<number, () => void>()
  /** For whom a port was created. */
  readonly #askers = new Map<number, Worker>()
  /** Who has been asked to listen on it. */
  readonly #primers = new Map<number, WeakSet<Worker>>()
  #lastNumber = 0
  #paused = false
  #stopped = false
  /** Called when a worker has said something, or is gone. */
  readonly #wakers = new Set<() => void>()

  /** @param meter counts what the workers report */
  constructor(fleet: Fleet, meter: Meter) {
    this.#fleet = fleet
    this.#meter = meter
    fleet
      .on('fork', () => this.#prime())
      .on('listen', (worker, listening) => this.#owners.set(listening, worker))
      .on('unbound', (worker, listening) => worker.sharer.ports.delete(this.#portOf.get(listening) ?? 0))
      .on('sharing', (worker, message, socket) => this.#onMessage(worker, message, socket))
      .on('available', worker => this.#add(worker))
      .on('unavailable', worker => this.#remove(worker))
      .on('terminate', worker => {
        this.#handoff.lost(worker)
        this.#prime()
        this.#wake()
      })
  }

  /**
   * A port of our own.
   *
   * @param asker the worker that wants it
   * @param makeRoom called before it is opened
   */
  create(asked: Asked, asker: Worker, makeRoom?: () => void): SharedPort {
    const port = new SharedPort(++this.#lastNumber, asked, this, makeRoom)
    this.#askers.set(port.number, asker)
    this.#ports.set(port.number, port)
    return port
  }

  /** The port of a server that the user has, and lets listen. */
  share(server: NetServer): GivenPort {
    const port = new GivenPort(++this.#lastNumber, server, this)
    this.#ports.set(port.number, port)
    return port
  }

  /** Connections that wait in the master, unread. */
  get held(): number {
    return this.#handoff.held
  }

  /** Requests under way, by the workers' last reports. */
  get requests(): number {
    return [...this.#fleet.alive].reduce((sum, { sharer }) => sum + sharer.load.requests, 0)
  }

  /** Nobody accepts from now on. Resolves when no request is under way, when the time is over, or with `resume`. */
  async pause(timeoutMs: number): Promise<PauseResult> {
    this.#paused = true
    this.#handoff.pause()
    // Also those that are retired: their clients go on until each connection could move.
    for (const { sharer } of this.#fleet.alive) sharer.pause(true)
    const isDone = (): boolean =>
      !this.#paused || [...this.#fleet.alive].every(({ sharer }) => sharer.isQuiet)
    await this.#until(isDone, timeoutMs)
    const remaining = this.requests
    return { drained: this.#paused && remaining === 0, remaining }
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    for (const { sharer } of this.#fleet.alive) sharer.goOn()
    for (const worker of this.#available) this.#accept(worker)
    this.#handoff.resume()
    this.#wake()
  }

  /** No new connections; quiet ones are closed. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const port of this.#ports.values()) void port.close()
    this.#handoff.close()
    for (const { sharer } of this.#fleet.alive) sharer.retire(false)
  }

  /** Resolves when no worker has a connection, or when the time is over. */
  async drain(timeoutMs: number): Promise<void> {
    await this.#until(() => [...this.#fleet.alive].every(({ sharer }) => sharer.isDrained), timeoutMs)
  }

  /** The first worker process that is there lets the port listen, long before it can serve: connections wait for it. */
  async prime(port: Shared): Promise<void> {
    await new Promise<void>(resolve => {
      this.#unprimed.set(port.number, resolve)
      this.#prime()
    })
  }

  onOpened({ number, handle }: Shared): void {
    if (this.#paused || this.#stopped) return
    for (const { sharer } of this.#available) if (sharer.ports.has(number)) sharer.accept(number, handle)
  }

  admit(port: Shared, listening: Listening, shown: AddressInfo | undefined): void {
    const worker = this.#owners.get(listening)
    if (worker === undefined) return
    listening.listenOn(port.number, port.backlog, shown)
    worker.sharer.open(port.number)
    this.#portOf.set(listening, port.number)
    if (this.#available.has(worker)) this.#accept(worker)
  }

  onConnection(port: Shared, handle: RawHandle): void {
    this.#handoff.give({ port: port.number, handle, luggage: { used: false, leftMs: undefined } })
  }

  /** What is left of a closed port's connections goes to another one, or ends. */
  redirect(from: SharedPort, to: SharedPort | undefined): void {
    this.#handoff.redirect(from.number, to?.number)
  }

  onClosed(port: Shared): void {
    const { number } = port
    this.#ports.delete(number)
    this.#unprimed.delete(number)
    this.#askers.delete(number)
    this.#primers.delete(number)
    if (!(port instanceof GivenPort)) return
    // The workers still have their own copies of the handle. Of another port nobody accepts any more when it is closed.
    for (const { sharer } of this.#fleet.alive) if (sharer.ports.has(number)) sharer.retire(false)
  }

  /** By whoever has asked for a port, if he lives: others might take a while, and their copies would keep it open. */
  #prime(): void {
    for (const number of this.#unprimed.keys()) {
      const { handle, backlog } = this.#ports.get(number) ?? {}
      if (handle === undefined || backlog === undefined) continue
      const asker = this.#askers.get(number)
      const workers = asker !== undefined && this.#fleet.alive.has(asker) ? [asker] : this.#fleet.alive
      for (const worker of workers) this.#primeBy(worker, number, backlog, handle)
    }
  }

  #primeBy(worker: Worker, port: number, backlog: number, handle: RawHandle): void {
    const done = this.#primers.get(port) ?? new WeakSet()
    this.#primers.set(port, done)
    if (done.has(worker)) return
    done.add(worker)
    worker.sharer.send({ type: 'up:prime', port, backlog }, handle)
  }

  #onMessage(worker: Worker, message: FromSharing, socket: Socket | undefined): void {
    if (message.type === 'up:primed') {
      this.#unprimed.get(message.port)?.()
      this.#unprimed.delete(message.port)
      return
    }
    if (message.type === 'up:load' && message.answers !== undefined)
      this.#meter.reported(worker, message.answers)
    this.#handoff.handle(worker, message, socket === undefined ? undefined : takeHandle(socket))
    this.#wake()
  }

  #add(worker: Worker): void {
    this.#available.add(worker)
    this.#accept(worker)
    this.#handoff.add(worker)
  }

  #remove(worker: Worker): void {
    if (!this.#available.delete(worker)) return
    this.#handoff.remove(worker)
    // One that stays, to come back perhaps. Who retires is told so.
    if (worker.readyState === 'spawned') worker.sharer.pause(false)
  }

  #accept({ sharer }: Worker): void {
    if (this.#paused || this.#stopped) return
    for (const number of sharer.ports) {
      const port = this.#ports.get(number)
      if (port !== undefined) sharer.accept(number, port.handle)
    }
  }

  #wake(): void {
    for (const waker of this.#wakers) waker()
  }

  async #until(isDone: () => boolean, timeoutMs: number): Promise<void> {
    if (isDone()) return
    await new Promise<void>(resolve => {
      const end = (): void => {
        clearTimeout(timer)
        this.#wakers.delete(look)
        resolve()
      }
      const look = (): void => {
        if (isDone()) end()
      }
      const timer = timeoutMs > 0 ? setTimeout(end, timeoutMs) : undefined
      this.#wakers.add(look)
    })
  }
}
