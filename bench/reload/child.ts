import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Message {
  readonly type: string
}

/** A process of the bench that is asked and answers: one question at a time, each with a time limit. */
export class Child<To extends Message, From extends Message> {
  readonly #proc: ChildProcess
  readonly #name: string

  /** @param name of the file in this folder, without its extension */
  constructor(name: string, args: readonly string[] = []) {
    this.#name = name
    this.#proc = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), args, {
      serialization: 'advanced'
    })
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
      const onMessage = (message: unknown): void => {
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
}
