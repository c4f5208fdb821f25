import { Answers } from './answers.js'

/** Of so many generations the figures are kept: the latest. */
const GENERATIONS = 10

/** Whose answers are counted. */
interface Backend {
  readonly generation: number
}

/** Counts what becomes of requests: by generation, and by backend. */
export class Meter {
  /** By their numbers: the latest, in the order of their first answers. */
  readonly generations = new Map<number, Answers>()
  /** What no backend had an answer for: answered by us. */
  readonly own = new Answers()
  readonly #backends = new WeakMap<Backend, Answers>()
  /** Of generations that are not kept any more. */
  readonly #older = new Answers()
  #retries = 0

  /** Requests that were given to a backend once more, after one had failed. */
  get retries(): number {
    return this.#retries
  }

  /** All answers since the start. */
  get total(): Answers {
    const total = new Answers()
    for (const answers of [this.own, this.#older, ...this.generations.values()]) total.addAll(answers)
    return total
  }

  /** What the backend has answered. */
  of(backend: Backend): Answers {
    let answers = this.#backends.get(backend)
    if (answers === undefined) this.#backends.set(backend, (answers = new Answers()))
    return answers
  }

  /**
   * The client has the backend's answer.
   *
   * @param whole false: the backend broke it off
   * @param since when the request came, by `performance.now()`
   */
  answered(backend: Backend, status: number, whole: boolean, since: number): void {
    const now = performance.now()
    const { generation } = backend
    this.of(backend).add(status, whole, now - since, now)
    const answers = this.generations.get(generation) ?? this.#open(generation)
    answers.add(status, whole, now - since, now)
  }

  /** The client has our answer: no backend had one. */
  refused(status: number, since: number): void {
    const now = performance.now()
    this.own.add(status, true, now - since, now)
  }

  /** The backend took a request, and gave no answer. */
  failed(backend: Backend): void {
    this.of(backend).errors++
  }

  retried(): void {
    this.#retries++
  }

  #open(generation: number): Answers {
    const answers = new Answers()
    this.generations.set(generation, answers)
    for (const [number, old] of this.generations) {
      if (this.generations.size <= GENERATIONS) break
      this.generations.delete(number)
      this.#older.addAll(old)
    }
    return answers
  }
}
