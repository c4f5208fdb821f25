import type { ChildProcess } from 'node:child_process'
import type { Channel } from './channel.js'

/** Ends a worker's process: it is told, then SIGTERM, and SIGKILL when it takes too long. */
export class Termination {
  readonly #proc: ChildProcess
  readonly #channel: Channel
  readonly #killTimeoutMs: number
  #timer: NodeJS.Timeout | undefined
  #begun = false

  /** @param killTimeoutMs time between SIGTERM and SIGKILL, in milliseconds */
  constructor(proc: ChildProcess, channel: Channel, killTimeoutMs: number) {
    this.#proc = proc
    this.#channel = channel
    this.#killTimeoutMs = killTimeoutMs
  }

  get begun(): boolean {
    return this.#begun
  }

  begin(): void {
    this.#begun = true
    this.#channel.send({ type: 'up:close' })
    this.#proc.kill('SIGTERM')
    this.#timer = setTimeout(() => this.#proc.kill('SIGKILL'), this.#killTimeoutMs)
  }

  /** The process is gone. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
