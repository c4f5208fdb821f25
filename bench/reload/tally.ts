import type { LoadReport } from './protocol.js'

const MAX_PROBLEMS = 8

/** Counts what the connections of a load process see. */
export class Tally {
  requests = 0
  uploads = 0
  announced = 0
  #failed = 0
  #broken = 0
  readonly #latencies: number[] = []
  readonly #problems: string[] = []

  succeeded(upload: boolean, tookMs: number): void {
    this.requests++
    if (upload) this.uploads++
    else this.#latencies.push(tookMs)
  }

  failed(upload: boolean, why: string): void {
    this.requests++
    if (upload) this.uploads++
    this.#failed++
    this.#note(`failed: ${why}`)
  }

  broken(why: string): void {
    this.#broken++
    this.#note(`broken: ${why}`)
  }

  report(): LoadReport {
    return {
      requests: this.requests,
      uploads: this.uploads,
      failed: this.#failed,
      broken: this.#broken,
      announced: this.announced,
      latencies: Float64Array.from(this.#latencies),
      problems: this.#problems
    }
  }

  #note(problem: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem)
  }
}
