import { existsSync } from 'node:fs'
/** placeholder until the watching one lands */
export class HoldFile {
  present: boolean
  readonly #timer: NodeJS.Timeout
  constructor(path: string, pollMs: number, onChange: (present: boolean) => void) {
    this.present = existsSync(path)
    this.#timer = setInterval(
      () => {
        const now = existsSync(path)
        if (now === this.present) return
        this.present = now
        onChange(now)
      },
      Math.min(pollMs, 50)
    ).unref()
  }
  close(): void {
    clearInterval(this.#timer)
  }
}
