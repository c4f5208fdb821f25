import type { CanarySplit } from '../balance/canary-split.js'
import { UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Worker } from '../worker/worker.js'
import type { ReloadResult } from './api.js'
import { closedError } from './closed-error.js'
import type { Undo } from './live-options.js'
import type { LiveUpOptions } from './live-up-options.js'
import { Previous } from './previous.js'
import type { ResolvedReload } from './reload-options.js'
import { Reloader, type ReloadCallback } from './reloader.js'
import { scaleTo } from './scaler.js'
import { Standby, type StandbyPlan } from './standby.js'
import { Turns } from './turns.js'
import { withNewOptions } from './with-new-options.js'

interface SwitchingHooks {
  /** Every new request goes to this generation. */
  readonly onSwitched: (result: ReloadResult) => void
  /** This generation waits. */
  readonly onStandby: (result: ReloadResult) => void
  readonly onFail: (error: UpError) => void
}

/** A reload that is not yet its turn, and that further calls may share. */
interface FollowUp {
  readonly kind: string
  readonly promise: Promise<ReloadResult>
  readonly callbacks: ReloadCallback[]
}

/** Which generation serves, which one waits, and which one served before. One change at a time. */
export class Switching {
  readonly #fleet: Fleet
  readonly #live: LiveUpOptions
  readonly #options: ResolvedOptions
  readonly #policy: CanarySplit<Worker>
  readonly #hooks: SwitchingHooks
  readonly #reloader: Reloader
  readonly #turns = new Turns()
  #current: Generation
  #standby: Standby | undefined
  #previous: Previous | undefined
  /** Whether the last switch kept the generation before. */
  #keepPrevious: boolean
  #followUp: FollowUp | undefined
  #closed = false

  /** @throws {UpError} `UP_ERR_ENGINE` */
  constructor(fleet: Fleet, live: LiveUpOptions, policy: CanarySplit<Worker>, hooks: SwitchingHooks) {
    this.#fleet = fleet
    this.#live = live
    this.#options = live.now
    this.#policy = policy
    this.#hooks = hooks
    this.#keepPrevious = live.now.keepPrevious
    this.#reloader = new Reloader(fleet, live.now, {
      onServing: generation => this.#onServing(generation),
      leave: (olds, keepPrevious) => this.#leave(olds, keepPrevious),
      onSwitched: generation => hooks.onSwitched(resultOf(generation)),
      onFail: hooks.onFail
    })
    this.#current = fleet.open(true)
  }

  /** The generation that serves. */
  get current(): Generation {
    return this.#current
  }

  /** How many workers it should have. */
  get numWorkers(): number {
    return this.#options.numWorkers
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  /** The generation that waits. */
  get standby(): Standby | undefined {
    return this.#standby
  }

  /** Spawns the first workers. */
  start(): void {
    this.#fleet.addKept(this.#current, this.numWorkers)
  }

  reload(plan: ResolvedReload, callback?: ReloadCallback): Promise<ReloadResult> {
    const callbacks = callback === undefined ? [] : [callback]
    const kind = JSON.stringify(plan)
    if (this.#followUp?.kind === kind) {
      this.#followUp.callbacks.push(...callbacks)
      return this.#followUp.promise
    }
    const isFollowUp = this.busy
    const promise = this.#take(() => {
      if (this.#followUp?.callbacks === callbacks) this.#followUp = undefined
      const renew = (): Promise<Undo | undefined> => this.#reloader.begin(() => this.#live.renew())
      return withNewOptions(renew, () => this.#reload(plan, callbacks))
    })
    // Only the last in the line: what was called later is to happen later.
    if (isFollowUp) this.#followUp = { kind, promise, callbacks }
    return promise
  }

  promote(): Promise<ReloadResult> {
    return this.#take(() => {
      const standby = this.#standby
      if (standby === undefined) throw this.#nothing('there is no waiting generation to promote')
      const { generation, keepPrevious } = standby
      if (generation.available.length === 0)
        throw this.#nothing(`no worker of the waiting generation ${generation.number} can serve`)
      this.#standby = undefined
      standby.accept()
      return this.#switchTo(generation, keepPrevious)
    })
  }

  async abort(): Promise<void> {
    const workers = await this.#take(() => {
      if (this.#standby === undefined) throw this.#nothing('there is no waiting generation to abort')
      const { workers } = this.#standby.generation
      this.#discard()
      return workers
    })
    // Others need not wait for it: a canary may have long work in flight.
    await this.#fleet.whenGone(workers)
  }

  rollback(): Promise<ReloadResult> {
    return this.#take(() => {
      const previous = this.#previous
      if (previous === undefined) throw this.#nothing('there is no previous generation to go back to')
      this.#discard()
      const keepPrevious = this.#keepPrevious
      if (previous.isAtHand) return this.#switchTo(previous.take(), keepPrevious)
      const { release } = previous.generation
      return this.#reloader.replace({ release, keepPrevious }, []).then(resultOf)
    })
  }

  /** Resolves when workers that were added are ready; rejects with the error of one that failed. */
  async scale(n: number): Promise<void> {
    const added = await this.#take(() => {
      this.#live.resize(n)
      const sets = [this.#fleet.generations]
      if (this.#standby !== undefined) sets.push([this.#standby.generation])
      return sets.flatMap(set => scaleTo(n, this.#fleet, set, this.#options.workerTimeoutMs))
    })
    try {
      await Promise.all(added.map(slot => slot.firstStart))
    } catch (error) {
      // Workers that a reload replaced before they were ready: it started as many.
      if (this.#closed || !(error instanceof UpError) || error.code !== 'UP_ERR_CLOSED') throw error
    }
  }

  /** No change any more; what does not serve is retired. */
  close(): void {
    this.#closed = true
    this.#reloader.close()
    this.#previous?.retire()
    this.#fleet.retireStandby(this.#options.workerTimeoutMs)
  }

  async #reload(asked: ResolvedReload, callbacks: ReloadCallback[]): Promise<ReloadResult> {
    this.#discard()
    const plan = { ...asked, keepPrevious: asked.keepPrevious ?? this.#options.keepPrevious }
    if (plan.standby) return this.#standBy(await this.#reloader.prepare(plan, callbacks), plan)
    return resultOf(await this.#reloader.replace(plan, callbacks))
  }

  #standBy(generation: Generation, plan: StandbyPlan): ReloadResult {
    const onFailing = (error: UpError): void => this.#abortFailing(generation, error)
    this.#standby = new Standby(this.#fleet, this.#policy, generation, this.#current, plan, onFailing)
    const result = resultOf(generation)
    this.#hooks.onStandby(result)
    return result
  }

  #abortFailing(generation: Generation, error: UpError): void {
    const abort = (): void => {
      // It may have been promoted, or aborted, before this was its turn.
      if (this.#standby?.generation !== generation) return
      this.#discard()
      this.#hooks.onFail(error)
    }
    this.#take(abort).catch(() => {})
  }

  /** The waiting generation, if there is one, is not wanted any more. */
  #discard(): void {
    this.#standby?.reject(this.#options.workerTimeoutMs)
    this.#standby = undefined
  }

  /** A generation that is ready gets all new requests, in this tick. */
  #switchTo(generation: Generation, keepPrevious: boolean): ReloadResult {
    const olds = [...this.#fleet.generations]
    this.#fleet.bringBack(generation)
    this.#fleet.serve(generation)
    this.#onServing(generation)
    this.#leave(olds, keepPrevious)
    // One that was kept may be smaller than it is to be by now.
    scaleTo(this.numWorkers, this.#fleet, [generation], this.#options.workerTimeoutMs)
    const result = resultOf(generation)
    this.#hooks.onSwitched(result)
    return result
  }

  #onServing(generation: Generation): void {
    this.#previous?.retire()
    this.#previous = new Previous(this.#fleet, this.#current)
    this.#current = generation
  }

  #leave(olds: readonly Generation[], keepPrevious: boolean): void {
    const { workerTimeoutMs } = this.#options
    this.#keepPrevious = keepPrevious
    for (const old of olds) {
      if (keepPrevious && old === this.#previous?.generation) this.#previous.keep(workerTimeoutMs)
      else this.#fleet.retire(old, workerTimeoutMs)
    }
  }

  /** Runs the task when all that was called before is done. */
  #take<T>(task: () => T | Promise<T>): Promise<T> {
    this.#followUp = undefined
    return this.#turns.take(() => {
      if (this.#closed) throw closedError()
      return task()
    })
  }

  #nothing(why: string): UpError {
    const error = new UpError('UP_ERR_STANDBY', why)
    this.#hooks.onFail(error)
    return error
  }
}

function resultOf(generation: Generation): ReloadResult {
  return { generation: generation.number, version: generation.version, workers: generation.available }
}
