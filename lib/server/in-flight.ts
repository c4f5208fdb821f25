/** Counts what was forwarded and is not answered yet. */
export class InFlight {
  #count = 0
  readonly #waiting = new Set<() => void>()

  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count++
  }

  end(): void {
    if (--this.#count > 0) return
    for (const resolve of [...this.#waiting]) resolve()
  }

  /**
   * Resolves when nothing is in flight, when the time is over, or when nobody wants to wait any more.
   *
   * @param timeoutMs 0 is no limit
   * @param isWanted asked after `wake`
   */
  async whenNone(timeoutMs: number, isWanted: () => boolean): Promise<void> {
    if (this.#count === 0) return
    await new Promise<void>(resolve => {
      const timer = timeoutMs === 0 ? undefined : setTimeout(() => end(), timeoutMs)
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve()
      }
      const check = (): void => {
        if (this.#count === 0 || !isWanted()) end()
      }
      this.#waiting.add(check)
    })
  }

  /** Those that wait look whether they still want to. */
  wake(): void {
    for (const check of [...this.#waiting]) check()
  }
}
