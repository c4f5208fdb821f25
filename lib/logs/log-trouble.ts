/** Tells what goes wrong with a log, in sentences: once until that is over, and then how much was lost. */
export class LogTrouble {
  readonly #tell: (sentence: string) => void
  #hasFailed = false
  #lost = 0

  constructor(tell: (sentence: string) => void) {
    this.#tell = tell
  }

  /** It cannot be written for now. */
  failed(error: unknown): void {
    if (!this.#hasFailed) this.#tell(`the access log cannot be written: ${messageOf(error)}`)
    this.#hasFailed = true
  }

  /** So many lines will never be written. */
  lost(lines: number): void {
    if (this.#lost === 0 && lines > 0) this.#tell('the access log loses lines')
    this.#lost += lines
  }

  /** All that was kept is written. */
  over(): void {
    if (this.#hasFailed || this.#lost > 0) this.#tell(`the access log is written again${this.#loss()}`)
    this.#hasFailed = false
    this.#lost = 0
  }

  /** Nothing is written any more. */
  end(): void {
    if (this.#lost > 0) this.#tell(`the access log ends${this.#loss()}`)
  }

  #loss(): string {
    return this.#lost === 0 ? '' : `; lines that were lost: ${this.#lost}`
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
