import { ReloadError, UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Worker } from '../worker/worker.js'
import type { ReloadResult } from './api.js'
import { allAvailable, firstReady, reloadStrategies, type ReloadSteps } from './reload-strategies.js'

/** Called when a reload's first new worker is ready. */
export type ReloadCallback = (worker: Worker) => void

interface ReloaderHooks {
  readonly numWorkers: () => number
  /** The generation that serves now. */
  readonly current: () => Generation
  /** A generation has its first worker that takes requests. */
  readonly onServing: (generation: Generation) => void
  /** Every new request goes to the new generation. */
  readonly onSwitched: (result: ReloadResult) => void
  readonly onFail: (error: UpError) => void
}

interface FollowUp {
  readonly promise: Promise<ReloadResult>
  readonly callbacks: ReloadCallback[]
}

/** Runs one reload at a time; calls that come during it share one more behind it. */
export class Reloader {
  readonly #fleet: Fleet
  readonly #options: ResolvedOptions
  readonly #hooks: ReloaderHooks
  #running: Promise<ReloadResult> | undefined
  #followUp: FollowUp | undefined
  #closed = false

  constructor(fleet: Fleet, options: ResolvedOptions, hooks: ReloaderHooks) {
    this.#fleet = fleet
    this.#options = options
    this.#hooks = hooks
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  reload(callback?: ReloadCallback): Promise<ReloadResult> {
    const callbacks = callback === undefined ? [] : [callback]
    if (this.#running === undefined) return this.#start(callbacks)
    if (this.#followUp !== undefined) {
      this.#followUp.callbacks.push(...callbacks)
      return this.#followUp.promise
    }
    const begin = (): Promise<ReloadResult> => {
      this.#followUp = undefined
      return this.#start(callbacks)
    }
    this.#followUp = { promise: this.#running.then(begin, begin), callbacks }
    return this.#followUp.promise
  }

  /** Resolves when no reload runs and none waits. */
  async whenIdle(): Promise<void> {
    while (this.#running !== undefined) {
      await (this.#followUp?.promise ?? this.#running).then(noop, noop)
    }
  }

  /** No reload any more. The one that runs fails as soon as its workers are retired. */
  close(): void {
    this.#closed = true
  }

  #start(callbacks: ReloadCallback[]): Promise<ReloadResult> {
    const run = this.#run(callbacks).finally(() => {
      this.#running = undefined
    })
    this.#running = run
    return run
  }

  async #run(callbacks: ReloadCallback[]): Promise<ReloadResult> {
    let generation: Generation | undefined
    try {
      if (this.#closed) throw closed()
      generation = this.#fleet.open(this.#hooks.current().number + 1, false)
      if (this.#options.workerTimeoutMs === 0) await this.#replaceAtOnce(generation, callbacks)
      else await reloadStrategies[this.#options.strategy](this.#steps(generation, callbacks))
      if (this.#closed) throw closed()
      return resultOf(generation)
    } catch (cause) {
      // What already takes requests stays: a rolling reload stops where it is.
      if (generation !== undefined && !generation.serving) await this.#discard(generation)
      const error = this.#closed ? closed() : explain(cause)
      if (!this.#closed) this.#hooks.onFail(error)
      throw error
    }
  }

  #steps(generation: Generation, callbacks: ReloadCallback[]): ReloadSteps {
    const fleet = this.#fleet
    const drainMs = this.#options.workerTimeoutMs
    const olds = fleet.generations.filter(old => old !== generation)
    const join = (): void => {
      if (generation.serving || this.#closed) return
      fleet.serve(generation)
      this.#hooks.onServing(generation)
    }
    return {
      numWorkers: this.#hooks.numWorkers(),
      readyTimeoutMs: this.#options.readyTimeoutMs,
      generation,
      addSlot: () => {
        if (this.#closed) throw closed()
        return fleet.addSlot(generation)
      },
      join,
      switchOver: () => {
        if (this.#closed) throw closed()
        join()
        for (const old of olds) fleet.retire(old, drainMs)
        this.#hooks.onSwitched(resultOf(generation))
      },
      retireOneOld: () => {
        const old = olds.find(({ slots }) => slots.size > 0)
        if (old === undefined) return
        // One that cannot serve first: it is missed least.
        const slots = [...old.slots]
        const slot = slots.find(({ available }) => !available) ?? slots[0]
        if (slot !== undefined) fleet.retire(old, drainMs, [slot])
      },
      onFirst: worker => {
        for (const callback of callbacks.splice(0)) this.#call(callback, worker)
      }
    }
  }

  /** Ends the processes of a generation that never served. */
  async #discard(generation: Generation): Promise<void> {
    const { workers } = generation
    this.#fleet.retire(generation, 0)
    await this.#fleet.whenGone(workers)
  }

  #call(callback: ReloadCallback, worker: Worker): void {
    try {
      callback(worker)
    } catch (cause) {
      const message = `the function given to reload() threw: ${String(cause)}`
      this.#hooks.onFail(new UpError('UP_ERR_THROWN', message, { cause }))
    }
  }

  /** `workerTimeout` is 0: the old workers are gone before the new ones start. */
  async #replaceAtOnce(generation: Generation, callbacks: ReloadCallback[]): Promise<void> {
    const steps = this.#steps(generation, callbacks)
    for (const old of this.#fleet.generations.filter(other => other !== generation))
      this.#fleet.retire(old, 0)
    await this.#fleet.whenGone()
    this.#fleet.serve(generation)
    const slots = Array.from({ length: steps.numWorkers }, () => steps.addSlot())
    // There is no old code to go back to: so they are tried again until they serve, whatever happens.
    for (const slot of slots) slot.keep()
    const worker = await firstReady(slots)
    this.#hooks.onServing(generation)
    this.#hooks.onSwitched(resultOf(generation))
    steps.onFirst(worker)
    await allAvailable(slots, steps.readyTimeoutMs)
  }
}

function resultOf(generation: Generation): ReloadResult {
  return { generation: generation.number, version: generation.version, workers: generation.available }
}

function explain(cause: unknown): UpError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ReloadError(`the reload failed: ${why}`, cause)
}

function closed(): UpError {
  return new UpError('UP_ERR_CLOSED', 'the server was closed')
}

function noop(): void {}
