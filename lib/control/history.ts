import type { ControlStatus } from './steered.js'

/** How often a sample is taken, in milliseconds. */
const SAMPLE_MS = 1000
/** How many are kept: those of the last 15 minutes. */
export const SAMPLES = 900

/** What a program did in the second before `at`, and how it stood then. null: it is not known. */
export interface Sample {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly requestsPerSecond: number
  /** Answers with a status of 500 and more, and those that were broken off, in a second. */
  readonly errorsPerSecond: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly inFlight: number
  readonly held: number
  /** Of all workers. */
  readonly memoryBytes: number | null
  /** Of all workers; 100 is one CPU. */
  readonly cpuPercent: number | null
}

/** The samples, oldest first, by columns: so they take half the bytes. */
export type HistoryColumns = { readonly [Name in keyof Sample]: readonly Sample[Name][] }

/** What had been counted at a moment. */
interface Earlier {
  readonly at: number
  readonly errors: number
}

/** What a program did in the last 15 minutes, second by second. Lasts until it is closed. */
export class History {
  readonly #status: () => ControlStatus
  readonly #samples: Sample[] = []
  readonly #listeners = new Set<(sample: Sample) => void>()
  readonly #timer: NodeJS.Timeout
  #before: Earlier

  /** @param everyMs for tests */
  constructor(status: () => ControlStatus, everyMs = SAMPLE_MS) {
    this.#status = status
    this.#before = { at: Date.now(), errors: status().traffic.errors }
    this.#timer = setInterval(() => this.#take(), everyMs).unref()
  }

  columns(): HistoryColumns {
    const column = <Name extends keyof Sample>(name: Name): Sample[Name][] =>
      this.#samples.map(sample => sample[name])
    return {
      at: column('at'),
      requestsPerSecond: column('requestsPerSecond'),
      errorsPerSecond: column('errorsPerSecond'),
      p50Ms: column('p50Ms'),
      p99Ms: column('p99Ms'),
      inFlight: column('inFlight'),
      held: column('held'),
      memoryBytes: column('memoryBytes'),
      cpuPercent: column('cpuPercent')
    }
  }

  /** @returns ends it */
  listen(listener: (sample: Sample) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #take(): void {
    const status = this.#status()
    const sample = sampleOf(Date.now(), status, this.#before)
    this.#before = { at: sample.at, errors: status.traffic.errors }
    // The clock was set back: what is to come now takes the place of what was.
    while ((this.#samples.at(-1)?.at ?? -Infinity) > sample.at) this.#samples.pop()
    this.#samples.push(sample)
    if (this.#samples.length > SAMPLES) this.#samples.shift()
    for (const listener of [...this.#listeners]) listener(sample)
  }
}

function sampleOf(at: number, status: ControlStatus, before: Earlier): Sample {
  const { traffic, held } = status
  // The clock may have been set, and a busy process is late.
  const seconds = Math.max(0.5, (at - before.at) / 1000)
  const workers = 'workers' in status ? status.workers : []
  return {
    at,
    requestsPerSecond: round(traffic.requestsPerSecond),
    errorsPerSecond: round((traffic.errors - before.errors) / seconds),
    p50Ms: roundOrNull(traffic.p50Ms),
    p99Ms: roundOrNull(traffic.p99Ms),
    inFlight: traffic.inFlight,
    held,
    memoryBytes: sumOf(workers.map(worker => worker.memoryBytes)),
    cpuPercent: sumOf(workers.map(worker => worker.cpuPercent))
  }
}

/** @returns null: none of them is known */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : round(known.reduce((sum, value) => sum + value, 0))
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : round(value)
}

/** Two digits behind the point are more than a chart shows. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
