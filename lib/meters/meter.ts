import type { AnswerReport } from '../worker/handoff-messages.js'
import { Answers } from './answers.js'
import { Counts } from './counts.js'
import { Durations } from './durations.js'
import { Rate } from './rate.js'

/** Of so many generations the figures are kept apart: the latest. */
const GENERATIONS = 10

/** Whose answers are counted. */
interface Backend {
  readonly generation: number
}

/** In milliseconds; null: there were none. */
export interface Recent {
  /** Half of them took no longer. */
  readonly p50Ms: number | null
  /** 99 of 100 took no longer. */
  readonly p99Ms: number | null
}

/** Answers by generation. */
export interface ByGeneration {
  /** Of the latest, by their numbers. */
  readonly latest: ReadonlyMap<number, Counts>
  /** Of all before: what is in here never leaves. */
  readonly older: Counts
}

/** Counts what becomes of requests, by backend: each answer once. */
export class Meter {
  /** What no backend had an answer for: answered by us. */
  readonly own = new Answers()
  /** Of answers. */
  readonly rate = new Rate()
  readonly #present = new Map<Backend, Answers>()
  /** Of backends that are gone, by generation; for more of these, see {@link #older}. */
  readonly #gone = new Map<number, Answers>()
  readonly #older = new Answers()
  /** Those that are gone, and may have something in flight yet. */
  readonly #left = new WeakSet<Backend>()
  /** To put together what somebody asks for. */
  readonly #scratch = new Durations()
  #retries = 0

  /** Requests that were given to a backend once more, after one had failed. */
  get retries(): number {
    return this.#retries
  }

  /** All answers since the start. */
  get total(): Counts {
    return sumOf(this.#all)
  }

  /** Those of the backends that are gone. */
  get gone(): Counts {
    return sumOf([this.#older, ...this.#gone.values()])
  }

  get byGeneration(): ByGeneration {
    const all = new Map([...this.#gone].map(([generation, answers]) => [generation, [answers]]))
    for (const [{ generation }, answers] of this.#present) {
      const others = all.get(generation)
      if (others === undefined) all.set(generation, [answers])
      else others.push(answers)
    }
    const numbers = [...all.keys()].sort((a, b) => a - b)
    const take = (generation: number): Counts => sumOf(all.get(generation) ?? [])
    return {
      latest: new Map(numbers.slice(-GENERATIONS).map(generation => [generation, take(generation)])),
      older: sumOf([this.#older, ...numbers.slice(0, -GENERATIONS).map(take)])
    }
  }

  /** How long all answers of the last 5 to 10 seconds took. */
  get recent(): Recent {
    return this.#recentOf(this.#all)
  }

  /** The same of the backend's. */
  recentOf(backend: Backend): Recent {
    return this.#recentOf([this.of(backend)])
  }

  /** What the backend has answered. */
  of(backend: Backend): Answers {
    return this.#present.get(backend) ?? this.#other(backend)
  }

  /**
   * The client has the backend's answer.
   *
   * @param whole false: the backend broke it off
   * @param since when the request came, by `performance.now()`
   */
  answered(backend: Backend, status: number, whole: boolean, since: number): void {
    const now = performance.now()
    this.rate.add(now)
    this.of(backend).add(status, whole, now - since, now)
  }

  /** The backend has answered by itself, and tells. */
  reported(backend: Backend, report: AnswerReport): void {
    const now = performance.now()
    this.rate.add(
      now,
      report.classes.reduce((sum, count) => sum + count)
    )
    this.of(backend).addReport(report, now)
  }

  /** The client has our answer: no backend had one. */
  refused(status: number, since: number): void {
    const now = performance.now()
    this.rate.add(now)
    this.own.add(status, true, now - since, now)
  }

  /** The backend took a request, and gave no answer. */
  failed(backend: Backend): void {
    this.of(backend).unanswered++
  }

  retried(): void {
    this.#retries++
  }

  /** The backend is gone: its answers, and late ones, are kept with those of its generation. */
  forget(backend: Backend): void {
    const answers = this.#present.get(backend)
    if (answers === undefined) return
    const rest = this.#gone.get(backend.generation) ?? new Answers()
    rest.addAll(answers, performance.now())
    this.#gone.set(backend.generation, rest)
    this.#present.delete(backend)
    this.#left.add(backend)
    if (this.#gone.size <= GENERATIONS) return
    const oldest = Math.min(...this.#gone.keys())
    this.#older.addAll(this.#gone.get(oldest) ?? new Answers(), performance.now())
    this.#gone.delete(oldest)
  }

  get #all(): Answers[] {
    return [this.own, this.#older, ...this.#gone.values(), ...this.#present.values()]
  }

  #recentOf(parts: readonly Answers[]): Recent {
    const now = performance.now()
    const durations = this.#scratch
    durations.clear()
    for (const part of parts) part.addRecentTo(durations, now)
    return { p50Ms: durations.percentile(50) ?? null, p99Ms: durations.percentile(99) ?? null }
  }

  #other(backend: Backend): Answers {
    if (this.#left.has(backend)) return this.#gone.get(backend.generation) ?? this.#older
    const answers = new Answers()
    this.#present.set(backend, answers)
    return answers
  }
}

function sumOf(parts: Iterable<Counts>): Counts {
  const sum = new Counts()
  for (const part of parts) sum.addCounts(part)
  return sum
}
