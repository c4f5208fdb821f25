import { fork, type ChildProcess, type ForkOptions } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Message {
  readonly type: string
}

/** A process of the bench that is asked and answers: one question at a time, each with a time limit. */
export class Child<To extends Message, From extends Message> {
  readonly #proc: ChildProcess
  readonly #name: string
  readonly #detached: boolean

  constructor(program: URL, args: readonly string[] = [], options: ForkOptions = {}) {
    const path = fileURLToPath(program)
    this.#name = basename(path, '.js')
    this.#detached = options.detached === true
    this.#proc = fork(path, args, { serialization: 'advanced', ...options })
  }

  /** Sends a message; resolves with the answer, which has the same type. */
  ask<T extends To['type'] & From['type']>(
    message: To & { type: T },
    timeoutMs: number
  ): Promise<Extract<From, { type: T }>> {
    const answer = this.await(message.type, timeoutMs)
    this.#proc.send(message)
    return answer
  }

  /** Resolves with the next message of this type; rejects when another one, an exit or the time comes first. */
  await<T extends From['type']>(type: T, timeoutMs: number): Promise<Extract<From, { type: T }>> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        this.#proc.removeListener('message', onMessage).removeListener('exit', onExit)
      }
      const fail = (why: string): void => {
        leave()
        reject(new Error(`${this.#name} ${why}`))
      }
      const onMessage = (message: object): void => {
        // PM2 talks to whoever started it, too.
        if (!('type' in message)) return
        const got = message as From
        if (got.type !== type) return fail(`said ${JSON.stringify(got)}`)
        leave()
        resolve(got as Extract<From, { type: T }>)
      }
      const onExit = (): void => fail('has exited')
      const timer = setTimeout(() => fail(`did not answer '${type}' within ${timeoutMs} ms`), timeoutMs)
      this.#proc.on('message', onMessage).on('exit', onExit)
    })
  }

  /** Its process ends as soon as it has no more to do. */
  disconnect(): void {
    if (this.#proc.connected) this.#proc.disconnect()
  }

  /** Disconnects, and resolves when the process is gone; after `graceMs` it is killed, with its whole group. */
  async end(graceMs: number): Promise<void> {
    const { pid, exitCode, signalCode } = this.#proc
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const gone = once(this.#proc, 'exit')
    const timer = setTimeout(() => process.kill(this.#detached ? -pid : pid, 'SIGKILL'), graceMs)
    this.disconnect()
    await gone
    clearTimeout(timer)
  }
}
