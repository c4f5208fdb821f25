import { UpError } from '../errors.js'

/** What is wrong with what a user has asked for: all of it, not the first alone. */
export class Problems {
  readonly #list: UpError[]

  /** @param known what was found before */
  constructor(known: readonly UpError[] = []) {
    this.#list = [...known]
  }

  get list(): readonly UpError[] {
    return this.#list
  }

  add(problem: UpError): void {
    this.#list.push(problem)
  }

  /** What it returns; undefined where it throws an error of ours, which is kept. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof UpError)) throw error
      this.add(error)
      return undefined
    }
  }

  /** As {@link attempt}. */
  async attemptAsync<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof UpError)) throw error
      this.add(error)
      return undefined
    }
  }
}
