import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { EventEmitter } from 'eventemitter3'
import type { UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import { checkAppPackage } from './app-package.js'
import { Generation } from './generation.js'
import { Guard } from './guard.js'
import type { FromSharing } from './handoff-messages.js'
import type { Listening } from './listening.js'
import type { Bind } from './messages.js'
import { findRelease, type Release } from './release.js'
import { Slot } from './slot.js'
import { SocketFolder } from './socket-folder.js'
import { StderrEcho } from './stderr-echo.js'
import { Worker } from './worker.js'
import { workerSpec } from './worker-spec.js'

interface FleetEvents {
  /** A worker takes requests from now on. */
  available: (worker: Worker) => void
  /**
   * A worker takes no more requests; in the tick in which it retires or dies. One that retires may
   * still serve clients that are bound to it; then this comes once more when it is told to end.
   */
  unavailable: (worker: Worker) => void
  /** A server of a worker's app wants to listen; listens; does so no longer, or does not want to any more. */
  listen: (worker: Worker, listening: Listening) => void
  bound: (worker: Worker, listening: Listening) => void
  unbound: (worker: Worker, listening: Listening) => void
  /** A worker's process has been started. */
  fork: (worker: Worker) => void
  /** A worker says something of the connections that it accepts itself; perhaps with one. */
  sharing: (worker: Worker, message: FromSharing, socket: Socket | undefined) => void
  /** A worker is ready, whether its generation serves or not. */
  spawn: (worker: Worker) => void
  retire: (worker: Worker) => void
  /** A worker's process is gone. */
  terminate: (worker: Worker) => void
  fail: (error: UpError) => void
}

/** All worker processes of one server, by generation. It knows no requests, and no reload strategy. */
export class Fleet extends EventEmitter<FleetEvents> {
  /** Those that serve, or are about to, and have not been retired; the oldest first. */
  readonly generations: Generation[] = []
  /** Those that stand by beside them, until somebody wants them. */
  readonly #aside = new Set<Generation>()
  /** Every worker whose process is not gone. */
  readonly alive = new Set<Worker>()
  readonly #file: string
  readonly #options: ResolvedOptions
  readonly #clientField: string | undefined
  readonly #folder: SocketFolder | undefined
  readonly #guard: Guard
  readonly #echo = new StderrEcho()
  /** Of processes that are gone, and have written what is not out yet. */
  readonly #lastWords = new Set<Promise<void>>()
  #lastNumber = 0

  /**
   * @param file absolute path of the user's module
   * @param options read whenever a generation is opened: they may have changed by then
   */
  constructor(file: string, options: ResolvedOptions) {
    super()
    this.#file = file
    this.#options = options
    this.#folder = options.workerBind === 'socket' ? new SocketFolder() : undefined
    this.#guard = new Guard(this.#folder?.path ?? '')
    if (options.transport === 'proxy') this.#clientField = `x-up-${randomBytes(8).toString('hex')}`
  }

  /**
   * Opens a generation, without workers yet. Its number is one that none had that ever served, or stood by.
   *
   * @param serving whether its workers take requests as soon as they are ready
   * @param release the files that it runs; by default those that are in place now
   * @throws {UpError} `UP_ERR_ENGINE`
   */
  open(serving: boolean, release: Release = findRelease(this.#file, this.#options.cwd)): Generation {
    this.#echo.forget()
    const version = checkAppPackage(release.file)
    const parts = { number: ++this.#lastNumber, options: { ...this.#options } }
    const generation = new Generation({ ...parts, release, version, serving })
    this.generations.push(generation)
    return generation
  }

  /** Adds a place to a generation, on trial: see {@link Slot}. */
  addSlot(generation: Generation): Slot {
    const number = generation.freeNumber
    const { keepAlive, minExpectedLifetimeMs } = generation.options
    const slot = new Slot({
      number,
      keepAlive,
      minExpectedLifetimeMs,
      spawn: () => this.#spawn(generation, number),
      onSpawnError: error => this.emit('fail', error)
    })
    generation.slots.add(slot)
    return slot
  }

  /** Adds places whose workers are replaced when they die. */
  addKept(generation: Generation, count: number): Slot[] {
    return Array.from({ length: count }, () => {
      const slot = this.addSlot(generation)
      slot.keep()
      return slot
    })
  }

  /** From now on the generation's workers take requests. */
  serve(generation: Generation): void {
    if (generation.serving) return
    generation.serving = true
    for (const worker of generation.available) this.emit('available', worker)
  }

  /** From now on its workers take no requests; they stay, and finish what they have. */
  rest(generation: Generation): void {
    if (!generation.serving) return
    generation.serving = false
    for (const worker of generation.available) this.emit('unavailable', worker)
  }

  /** It is none of those that serve or are about to, until it is brought back. */
  setAside(generation: Generation): void {
    this.#forget(generation)
    this.#aside.add(generation)
  }

  bringBack(generation: Generation): void {
    this.#forget(generation)
    this.generations.push(generation)
  }

  /** Ends a generation that failed before it was of use, and resolves when its processes are gone. */
  async drop(generation: Generation): Promise<void> {
    const { workers } = generation
    this.retire(generation, 0)
    if (generation.number === this.#lastNumber) this.#lastNumber--
    await this.whenGone(workers)
  }

  /** Retires a generation, or some of its places; each worker may finish its work for `drainMs`. */
  retire(generation: Generation, drainMs: number, slots: Iterable<Slot> = generation.slots): void {
    for (const slot of [...slots]) {
      generation.slots.delete(slot)
      slot.retire(drainMs)
    }
    if (generation.slots.size === 0) this.#forget(generation)
  }

  /**
   * Retires what does not serve: it will not be needed any more.
   *
   * @param drainMs how long a worker that has served may finish its work, in milliseconds
   */
  retireStandby(drainMs: number): void {
    for (const generation of [...this.generations]) {
      const going = generation.serving
        ? [...generation.slots].filter(slot => !slot.available)
        : generation.slots
      this.retire(generation, 0, going)
    }
    for (const generation of this.#aside) if (!generation.serving) this.retire(generation, drainMs)
  }

  /** Retires all; their workers are told to end. */
  retireAll(): void {
    for (const generation of [...this.generations, ...this.#aside]) this.retire(generation, 0)
    // Also those that had retired before, and linger for clients that cannot come any more.
    for (const worker of this.alive) worker.terminate()
  }

  /** Resolves when no process of these is left; by default, of all. */
  async whenGone(workers: Iterable<Worker> = this.alive): Promise<void> {
    const left = new Set([...workers].filter(worker => this.alive.has(worker)))
    if (left.size === 0) return
    await new Promise<void>(resolve => {
      const onGone = (worker: Worker): void => {
        left.delete(worker)
        if (left.size > 0) return
        this.removeListener('terminate', onGone)
        resolve()
      }
      this.on('terminate', onGone)
    })
  }

  /** Ends what the workers' processes needed; to be called when they are gone. */
  async close(): Promise<void> {
    await Promise.all([this.#guard.close(), ...this.#lastWords])
    this.#folder?.remove()
  }

  #forget(generation: Generation): void {
    this.#aside.delete(generation)
    const at = this.generations.indexOf(generation)
    if (at !== -1) this.generations.splice(at, 1)
  }

  #spawn(generation: Generation, slot: number): Worker {
    const binds: Bind[] = []
    const worker = new Worker(
      workerSpec(generation, slot, {
        nextBind: () => this.#nextBind(binds),
        clientField: this.#clientField,
        guard: this.#guard,
        echo: this.#echo
      })
    )
    this.alive.add(worker)
    for (const event of ['listen', 'bound', 'unbound'] as const)
      worker.on(event, listening => this.emit(event, worker, listening))
    worker
      .on('ready', () => {
        if (generation.serving) this.emit('available', worker)
        this.emit('spawn', worker)
      })
      .on('retire', () => {
        this.emit('unavailable', worker)
        this.emit('retire', worker)
      })
      .on('ending', () => this.emit('unavailable', worker))
      .on('gone', () => this.#onGone(worker, binds))
      .on('fail', error => this.emit('fail', error))
      .on('sharing', (message, socket) => this.emit('sharing', worker, message, socket))
    this.emit('fork', worker)
    return worker
  }

  #nextBind(binds: Bind[]): Bind {
    const bind: Bind =
      this.#folder === undefined ? { host: '127.0.0.1' } : { socketPath: this.#folder.nextSocket() }
    binds.push(bind)
    return bind
  }

  #onGone(worker: Worker, binds: readonly Bind[]): void {
    this.alive.delete(worker)
    const words = worker.output.whenOut().finally(() => this.#lastWords.delete(words))
    this.#lastWords.add(words)
    this.emit('unavailable', worker)
    for (const bind of binds) if ('socketPath' in bind) this.#folder?.removeSocket(bind.socketPath)
    this.emit('terminate', worker)
  }
}
