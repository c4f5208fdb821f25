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

/** What has been counted up to a moment. */
interface Counts {
  readonly at: number
  readonly answered: number
  readonly errors: number
  /** Requests by whoever was given them. */
  readonly given: ReadonlyMap<unknown, number>
}

/** What a program did in the last 15 minutes, second by second. Lasts until it is closed. */
export class History {
  readonly #status: () => ControlStatus
  readonly #samples: Sample[] = []
  readonly #listeners = new Set<(sample: Sample) => void>()
  readonly #timer: NodeJS.Timeout
  #before: Counts

  /** @param everyMs for tests */
  constructor(status: () => ControlStatus, everyMs = SAMPLE_MS) {
    this.#status = status
    this.#before = countsOf(status())
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
    const counts = countsOf(status)
    const sample = sampleOf(status, counts, this.#before)
    this.#before = counts
    this.#samples.push(sample)
    if (this.#samples.length > SAMPLES) this.#samples.shift()
    for (const listener of [...this.#listeners]) listener(sample)
  }
}

function countsOf(status: ControlStatus): Counts {
  const at = Date.now()
  if ('upstreams' in status) {
    const given = new Map(status.upstreams.map(({ name, requests }) => [name, requests]))
    return { at, answered: 0, errors: 0, given }
  }
  const { traffic, workers } = status
  const given = new Map(workers.map(({ pid, requests }) => [pid, requests]))
  return { at, answered: traffic.answered, errors: traffic.errors, given }
}

function sampleOf(status: ControlStatus, now: Counts, before: Counts): Sample {
  // The clock may have been set, and a busy process is late.
  const seconds = Math.max(0.5, (now.at - before.at) / 1000)
  // What the master does not see answered, such as with the handoff, it may have been told of.
  const requests = now.answered > 0 ? now.answered - before.answered : givenSince(now.given, before.given)
  const isApp = 'workers' in status
  const all = isApp ? status.workers : status.upstreams
  return {
    at: now.at,
    requestsPerSecond: round(requests / seconds),
    errorsPerSecond: round((now.errors - before.errors) / seconds),
    p50Ms: isApp ? roundOrNull(status.traffic.p50Ms) : null,
    p99Ms: isApp ? roundOrNull(status.traffic.p99Ms) : null,
    inFlight: all.reduce((sum, { inFlight, upgrades }) => sum + inFlight + upgrades, 0),
    held: status.held,
    memoryBytes: isApp ? sumOf(status.workers.map(worker => worker.memoryBytes)) : null,
    cpuPercent: isApp ? sumOf(status.workers.map(worker => worker.cpuPercent)) : null
  }
}

function givenSince(now: Counts['given'], before: Counts['given']): number {
  let sum = 0
  for (const [who, count] of now) sum += Math.max(0, count - (before.get(who) ?? 0))
  return sum
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
