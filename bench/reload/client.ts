import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { readAnswer } from './answer.js'
import { makeJob, type Job, type JobKind } from './job.js'
import type { Tally } from './tally.js'

/** A client waits so long between two requests at most, in milliseconds; the time is drawn anew each time. */
const MAX_PAUSE_MS = 20
/** So long between two pieces of an upload, which is thereby under way for a while. */
const MAX_PIECE_PAUSE_MS = 4
const TIMEOUT_MS = 10_000

interface Pending {
  readonly job: Job
  readonly sentAt: number
  /** Undefined: it succeeded. */
  readonly settle: (failure: string | undefined) => void
}

/**
 * One client with one keep-alive connection, which sends one request after the other and never
 * repeats any. It sees each close of its connection by the server.
 */
export class Client {
  readonly #port: number
  readonly #kind: JobKind
  readonly #tally: Tally
  #socket: Socket | undefined
  #received = Buffer.alloc(0)
  #pending: Pending | undefined
  #stopped = false

  constructor(port: number, kind: JobKind, tally: Tally) {
    this.#port = port
    this.#kind = kind
    this.#tally = tally
  }

  /** Resolves when the last request is answered after `stop`. */
  async run(): Promise<void> {
    await delay(Math.random() * MAX_PAUSE_MS)
    while (!this.#stopped) {
      await this.#once(makeJob(this.#kind))
      await delay(Math.random() * MAX_PAUSE_MS)
    }
    this.#leave()
  }

  stop(): void {
    this.#stopped = true
  }

  async #once(job: Job): Promise<void> {
    const sentAt = performance.now()
    const failure = await new Promise<string | undefined>(resolve => {
      const timer = setTimeout(() => settle(`${TIMEOUT_MS} ms without its answer`), TIMEOUT_MS)
      const settle = (why: string | undefined): void => {
        clearTimeout(timer)
        this.#pending = undefined
        resolve(why)
      }
      this.#pending = { job, sentAt, settle }
      void this.#send(job, this.#pending)
    })
    if (failure === undefined) return this.#tally.succeeded(job.upload, performance.now() - sentAt)
    this.#tally.failed(job.upload, `${job.name}: ${failure}`)
    this.#leave()
  }

  async #send(job: Job, pending: Pending): Promise<void> {
    const socket = (this.#socket ??= this.#connect())
    for (const [i, piece] of job.pieces.entries()) {
      if (i > 0) await delay(Math.random() * MAX_PIECE_PAUSE_MS)
      if (this.#pending !== pending) return
      socket.write(piece)
    }
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    let how = 'closed'
    this.#received = Buffer.alloc(0)
    socket
      .on('error', error => (how = error.message))
      .on('data', piece => this.#read(piece))
      .on('close', () => {
        if (this.#socket !== socket) return
        this.#socket = undefined
        this.#tally.broken(`${how}, ${this.#pending === undefined ? 'while idle' : this.#pending.job.name}`)
        this.#pending?.settle(`the connection broke: ${how}`)
      })
    return socket
  }

  #read(piece: Buffer): void {
    const pending = this.#pending
    if (pending === undefined) return this.#tally.failed(false, 'bytes that nobody asked for')
    this.#received = Buffer.concat([this.#received, piece])
    try {
      const answer = readAnswer(this.#received)
      if (answer === undefined) return
      this.#received = Buffer.alloc(0)
      if (answer.closes) {
        this.#tally.announced++
        this.#leave()
      }
      if (answer.status !== 200) pending.settle(`status ${answer.status}: ${answer.body.toString('latin1')}`)
      else if (answer.extra > 0) pending.settle(`${answer.extra} bytes behind the answer`)
      else if (!answer.body.equals(pending.job.expected)) pending.settle('another body than expected')
      else pending.settle(undefined)
    } catch (error) {
      pending.settle(String(error))
    }
  }

  /** Gives the connection up; what happens to it no longer counts. */
  #leave(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
  }
}
