import type { ResolvedServing } from '../options/serving.js'
import type { HoldStatus, ShutBy } from './api.js'
import type { Backend } from './backend.js'
import type { Dispatcher } from './dispatcher.js'
import { HoldFile } from './hold-file.js'

/** Holds requests, and lets them go on: when it is told to, and as the hold file says. */
export class Holding<B extends Backend> {
  readonly #dispatcher: Dispatcher<B>
  readonly #announce: (event: 'pause' | 'resume', status: HoldStatus) => void
  readonly #file: HoldFile | undefined

  /** @param announce told whenever requests begin to be held, or are served again */
  constructor(
    dispatcher: Dispatcher<B>,
    { holdFile, holdPollMs }: Pick<ResolvedServing, 'holdFile' | 'holdPollMs'>,
    announce: (event: 'pause' | 'resume', status: HoldStatus) => void
  ) {
    this.#dispatcher = dispatcher
    this.#announce = announce
    if (holdFile === undefined) return
    this.#file = new HoldFile(holdFile, holdPollMs, present => this.#onFile(present))
    if (!this.#file.present) dispatcher.gate.close('hold-file')
  }

  /** @param timeoutMs how long each request may be held meanwhile, in milliseconds; undefined: as always */
  shut(reason: ShutBy, timeoutMs?: number): void {
    const { gate } = this.#dispatcher
    const wasShut = gate.shut
    gate.close(reason, timeoutMs)
    this.#dispatcher.recall()
    if (!wasShut) this.#announce('pause', gate.status)
  }

  /** @param rate how many of those that are held go on each second; undefined: all at once */
  reopen(reason: ShutBy, rate?: number): void {
    const { gate, inFlight } = this.#dispatcher
    const wasShut = gate.shut
    gate.reopen(reason, rate)
    inFlight.wake()
    if (wasShut && !gate.shut) this.#announce('resume', gate.status)
  }

  /** The file counts no more. */
  close(): void {
    this.#file?.close()
  }

  #onFile(present: boolean): void {
    if (present) this.reopen('hold-file')
    else this.shut('hold-file')
  }
}
