/** Runs one task at a time, in order of arrival. */
export class Turns {
  #last: Promise<unknown> | undefined

  /** Whether a task runs or waits. */
  get busy(): boolean {
    return this.#last !== undefined
  }

  /** Runs a task: in this tick if nothing is before it. Settles as the task does. */
  take<T>(task: () => T | Promise<T>): Promise<T> {
    const before = this.#last
    const run = before === undefined ? new Promise<T>(resolve => resolve(task())) : before.then(task, task)
    const result: Promise<T> = run.finally(() => {
      if (this.#last === result) this.#last = undefined
    })
    this.#last = result
    return result
  }
}
