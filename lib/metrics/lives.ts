import type { FeedEvent } from '../control/feed.js'
import type { Distribution } from './histogram.js'

/** Why a worker's process is gone: nobody wanted it any more; before it was ready; by itself; by a signal. */
export type ExitReason = 'retired' | 'start' | 'crashed' | 'signal'

export const EXIT_REASONS: readonly ExitReason[] = ['retired', 'start', 'crashed', 'signal']

export type Outcome = 'ok' | 'failed'

/** The upper bounds of the histogram of reloads, in seconds. */
export const RELOAD_BOUNDS_S = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120] as const

interface Listenable {
  listen(listener: (event: FeedEvent) => void): unknown
}

/** Counts the starts and ends of workers, and reloads, from what is told of them. */
export class Lives {
  /** Of workers that became ready. */
  starts = 0
  readonly exits: Record<ExitReason, number> = { retired: 0, start: 0, crashed: 0, signal: 0 }
  readonly #reloads: Record<Outcome, { buckets: number[]; sum: number }> = { ok: none(), failed: none() }

  constructor(feed: Listenable) {
    feed.listen(({ type, data }) => this.#note(type, data))
  }

  get reloads(): Readonly<Record<Outcome, Distribution>> {
    return this.#reloads
  }

  #note(type: string, data: object): void {
    if (type === 'spawn') this.starts++
    if (type === 'terminate') {
      const { reason } = data as { readonly reason: ExitReason }
      this.exits[reason]++
    }
    if (type !== 'reload') return
    const { outcome, durationMs } = data as { readonly outcome: Outcome; readonly durationMs: number }
    const seconds = durationMs / 1000
    const at = RELOAD_BOUNDS_S.findIndex(bound => seconds <= bound)
    const reloads = this.#reloads[outcome]
    const bucket = at === -1 ? RELOAD_BOUNDS_S.length : at
    reloads.buckets[bucket] = (reloads.buckets[bucket] ?? 0) + 1
    reloads.sum += seconds
  }
}

function none(): { buckets: number[]; sum: number } {
  return { buckets: Array<number>(RELOAD_BOUNDS_S.length + 1).fill(0), sum: 0 }
}
