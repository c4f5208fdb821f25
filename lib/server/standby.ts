import type { ServerResponse } from 'node:http'
import type { CanarySplit } from '../balance/canary-split.js'
import type { Visit } from '../balance/policy.js'
import type { UpError } from '../errors.js'
import type { Fleet } from '../worker/fleet.js'
import type { Generation } from '../worker/generation.js'
import type { Worker } from '../worker/worker.js'
import type { CanaryStatus, StandbyStatus } from './api.js'
import { Canary } from './canary.js'
import type { ResolvedReload } from './reload-options.js'

/** What it is started for. */
export interface StandbyPlan extends ResolvedReload {
  readonly keepPrevious: boolean
}

/** A generation that is ready and waits, perhaps with a share of the clients. */
export class Standby {
  readonly generation: Generation
  readonly keepPrevious: boolean
  readonly #fleet: Fleet
  readonly #policy: CanarySplit<Worker>
  readonly #canary: Canary | undefined

  /**
   * @param serving the generation that serves
   * @param onFailing the canary fails more often than it may
   */
  constructor(
    fleet: Fleet,
    policy: CanarySplit<Worker>,
    generation: Generation,
    serving: Generation,
    { keepPrevious, canary: share, autoAbort }: StandbyPlan,
    onFailing: (error: UpError) => void
  ) {
    this.#fleet = fleet
    this.#policy = policy
    this.generation = generation
    this.keepPrevious = keepPrevious
    if (share === undefined) return
    this.#canary = new Canary(generation, serving, { share, autoAbort, onFailing })
    policy.begin(generation.number, share)
    fleet.serve(generation)
  }

  get status(): StandbyStatus {
    const { number, version, available } = this.generation
    return { generation: number, version, workers: available.length }
  }

  get canaryStatus(): CanaryStatus | undefined {
    return this.#canary?.status
  }

  /** Counts what becomes of a request. */
  watch(visit: Visit, res: ServerResponse): void {
    this.#canary?.watch(visit, res)
  }

  /** It does not wait any more: it is about to serve. */
  accept(): void {
    if (this.#canary !== undefined) this.#policy.accept()
  }

  /** It is not wanted any more. A canary finishes what it has in flight, in this time. */
  reject(drainMs: number): void {
    if (this.#canary !== undefined) this.#policy.reject()
    this.#fleet.retire(this.generation, this.#canary === undefined ? 0 : drainMs)
  }
}
