import { connect, type Socket } from 'node:net'
import { readAnswer } from './answer.js'
import { answerTo } from './app.js'

const PATIENCE_MS = 10_000

interface Pending {
  readonly path: string
  /** Undefined: it succeeded. */
  readonly settle: (failure: string | undefined) => void
}

/** A keep-alive connection that is silent, but for the requests that it is told to send. It repeats nothing. */
export class IdleConnection {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #pending: Pending | undefined
  #end: string | undefined

  /** Resolves when it is there; rejects if it cannot be. */
  static open(port: number, localAddress: string): Promise<IdleConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
      socket.once('error', reject).once('connect', () => {
        socket.off('error', reject)
        resolve(new IdleConnection(socket))
      })
    })
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket
      .on('error', error => this.#leave(error.message))
      .on('end', () => this.#leave('closed'))
      .on('close', () => this.#leave('closed'))
      .on('data', piece => this.#read(piece))
  }

  /** Why it is of no use any more; undefined while it is open. */
  get end(): string | undefined {
    return this.#end
  }

  /** Sends a request; resolves with why it failed, or with undefined. */
  async use(path: string): Promise<string | undefined> {
    if (this.#end !== undefined) return this.#end
    const failure = await new Promise<string | undefined>(resolve => {
      const timer = setTimeout(() => settle(`${PATIENCE_MS} ms without an answer`), PATIENCE_MS)
      const settle = (failure: string | undefined): void => {
        clearTimeout(timer)
        this.#pending = undefined
        resolve(failure)
      }
      this.#pending = { path, settle }
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: bench.test\r\n\r\n`)
    })
    if (failure !== undefined) this.#leave(failure)
    return failure
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(piece: Buffer): void {
    const pending = this.#pending
    if (pending === undefined) return this.#leave(`got ${JSON.stringify(piece.toString('latin1', 0, 40))}`)
    this.#received = Buffer.concat([this.#received, piece])
    try {
      const answer = readAnswer(this.#received)
      if (answer === undefined) return
      this.#received = Buffer.alloc(0)
      if (answer.status !== 200) pending.settle(`status ${answer.status}`)
      else if (answer.extra > 0 || answer.body.toString('latin1') !== answerTo(pending.path))
        pending.settle('another answer than expected')
      else pending.settle(undefined)
      // As it was announced; but it is not kept.
      if (answer.closes) this.#leave('closed as announced')
    } catch (error) {
      pending.settle(String(error))
    }
  }

  #leave(why: string): void {
    this.#end ??= why
    this.#pending?.settle(`the connection broke: ${why}`)
    this.#socket.destroy()
  }
}
