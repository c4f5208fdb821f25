import { ReloadError, UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Release } from '../worker/release.js'
import type { Worker } from '../worker/worker.js'
import { scaleTo } from './scaler.js'
import {
  allAvailable,
  firstReady,
  reloadAll,
  reloadStrategies,
  type ReloadSteps
} from './reload-strategies.js'

/** Called when a reload's first new worker is ready. */
export type ReloadCallback = (worker: Worker) => void

export interface ReloadPlan {
  /** The files to load; by default those that are in place now. */
  readonly release?: Release
  /** Whether the old generation stays when it has lost its requests, for a way back. */
  readonly keepPrevious: boolean
}

export interface ReloaderHooks {
  /** From now on a new generation serves, perhaps beside the old. */
  readonly onServing: (generation: Generation) => void
  /** These get no new requests any more. */
  readonly leave: (olds: readonly Generation[], keepPrevious: boolean) => void
  /** Every new request goes to the new generation. */
  readonly onSwitched: (generation: Generation) => void
  readonly onFail: (error: UpError) => void
}

/** Starts new generations; it is for others to see that it is one at a time. */
export class Reloader {
  readonly #fleet: Fleet
  readonly #options: ResolvedOptions
  readonly #hooks: ReloaderHooks
  #closed = false

  constructor(fleet: Fleet, options: ResolvedOptions, hooks: ReloaderHooks) {
    this.#fleet = fleet
    this.#options = options
    this.#hooks = hooks
  }

  /** Puts a new generation in the place of those that serve. */
  replace(plan: ReloadPlan, callbacks: ReloadCallback[]): Promise<Generation> {
    return this.#attempt(plan, generation =>
      this.#options.workerTimeoutMs === 0
        ? this.#replaceAtOnce(generation, plan, callbacks)
        : reloadStrategies[this.#options.strategy](this.#steps(generation, plan, callbacks))
    )
  }

  /** Starts a new generation beside those that serve: all its workers are ready, and get no requests. */
  prepare(plan: ReloadPlan, callbacks: ReloadCallback[]): Promise<Generation> {
    return this.#attempt(plan, generation => {
      this.#fleet.setAside(generation)
      return reloadAll({ ...this.#steps(generation, plan, callbacks), switchOver: noop })
    })
  }

  /** No reload any more. The one that runs fails as soon as its workers are retired. */
  close(): void {
    this.#closed = true
  }

  /** Does what a reload begins with; where that fails, so does the reload. */
  async begin<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task()
    } catch (cause) {
      const error = this.#closed ? closed() : explain(cause)
      if (!this.#closed) this.#hooks.onFail(error)
      throw error
    }
  }

  async #attempt(plan: ReloadPlan, carryOut: (generation: Generation) => Promise<void>): Promise<Generation> {
    let generation: Generation | undefined
    try {
      if (this.#closed) throw closed()
      generation = this.#fleet.open(false, plan.release)
      await carryOut(generation)
      if (this.#closed) throw closed()
      return generation
    } catch (cause) {
      // What already takes requests stays: a rolling reload stops where it is, at the full number.
      if (generation?.serving === true) this.#retireExcess()
      else if (generation !== undefined) await this.#fleet.drop(generation)
      const error = this.#closed ? closed() : explain(cause)
      if (!this.#closed) this.#hooks.onFail(error)
      throw error
    }
  }

  #steps(generation: Generation, { keepPrevious }: ReloadPlan, callbacks: ReloadCallback[]): ReloadSteps {
    const fleet = this.#fleet
    const drainMs = this.#options.workerTimeoutMs
    const olds = fleet.generations.filter(old => old !== generation)
    const join = (): void => {
      if (generation.serving || this.#closed) return
      fleet.serve(generation)
      this.#hooks.onServing(generation)
    }
    return {
      numWorkers: this.#options.numWorkers,
      surge: this.#options.surge,
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
        this.#hooks.leave(olds, keepPrevious)
        this.#hooks.onSwitched(generation)
      },
      giveUp: slots => {
        // Where it does not serve yet, all of it is dropped.
        if (generation.serving) fleet.retire(generation, drainMs, slots)
      },
      retireExcess: () => {
        // The old ones all stay anyway; so they may serve until the last of the new is there.
        if (!keepPrevious) this.#retireExcess()
      },
      onFirst: worker => {
        for (const callback of callbacks.splice(0)) this.#call(callback, worker)
      }
    }
  }

  /** Who cannot serve first: it is missed least. */
  #retireExcess(): void {
    const { numWorkers, workerTimeoutMs } = this.#options
    if (!this.#closed) scaleTo(numWorkers, this.#fleet, this.#fleet.generations, workerTimeoutMs)
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
  async #replaceAtOnce(generation: Generation, plan: ReloadPlan, callbacks: ReloadCallback[]): Promise<void> {
    const steps = this.#steps(generation, plan, callbacks)
    for (const old of this.#fleet.generations.filter(other => other !== generation))
      this.#fleet.retire(old, 0)
    await this.#fleet.whenGone()
    this.#fleet.serve(generation)
    this.#hooks.onServing(generation)
    const slots = Array.from({ length: steps.numWorkers }, () => steps.addSlot())
    // There is no old code to go back to: so they are tried again until they serve, whatever happens.
    for (const slot of slots) slot.keep()
    const worker = await firstReady(slots)
    this.#hooks.onSwitched(generation)
    steps.onFirst(worker)
    await allAvailable(slots, steps.readyTimeoutMs)
  }
}

function explain(cause: unknown): UpError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ReloadError(`the reload failed: ${why}`, cause)
}

function closed(): UpError {
  return new UpError('UP_ERR_CLOSED', 'the server was closed')
}

function noop(): void {}
