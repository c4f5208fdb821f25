import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { UpError } from '../../errors.js'
import type { ControlStatus } from '../../control/steered.js'

/** How long a program may take to say how it is, in milliseconds: one that was stopped never does. */
const ANSWER_MS = 5000
/** How often it is asked whether it lives while it does something long, in milliseconds. */
const ALIVE_MS = 1000
/** No answer is as large, in bytes. */
const MAX_BYTES = 1 << 26

/** The program refused a call, or could not do it: `remoteCode` is that of its error. */
export class CallError extends UpError {
  override readonly name = 'CallError'
  readonly remoteCode: string
  /** The call was wrong in itself. */
  readonly isUsage: boolean

  constructor(status: number, remoteCode: string, message: string) {
    super('UP_ERR_CONTROL', message)
    this.remoteCode = remoteCode
    this.isUsage = status === 400
  }
}

/** An event of the control API. */
export interface RemoteEvent {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Calls the control API of a program over its socket. */
export class ControlClient {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** @throws {UpError} `UP_ERR_CONTROL`: there is no answer, or none in time */
  async status(timeoutMs = ANSWER_MS): Promise<ControlStatus> {
    return (await this.#call('GET', '/status', undefined, timeoutMs)) as ControlStatus
  }

  /**
   * Has something done. It may take as long as it takes, while the program says that it lives.
   *
   * @throws {CallError} `UP_ERR_CONTROL`: it was refused, or failed
   * @throws {UpError} `UP_ERR_CONTROL`: there is no answer any more
   */
  async post(path: string, body: object = {}): Promise<unknown> {
    // What one that is stopped were asked for, it would do whenever it goes on.
    await this.#call('GET', '/healthz', undefined, ANSWER_MS)
    const over = new AbortController()
    try {
      return await Promise.race([this.#call('POST', path, body, 0, over.signal), this.#silence(over.signal)])
    } finally {
      over.abort()
    }
  }

  /** Tells each event from now on; resolves, once they come, with what ends that. */
  async events(listener: (event: RemoteEvent) => void): Promise<() => void> {
    const req = this.#request('GET', '/events', ANSWER_MS)
    req.end()
    const res = await this.#answer(req)
    req.setTimeout(0)
    let rest = ''
    res.setEncoding('utf8').on('data', (text: string) => {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = parseEvent(block)
        if (event !== undefined) listener(event)
      }
    })
    // Whoever waits for an answer hears of the end there.
    res.on('error', () => {})
    return () => req.destroy()
  }

  async #call(
    method: string,
    path: string,
    body: object | undefined,
    timeoutMs: number,
    signal?: AbortSignal
  ): Promise<unknown> {
    const req = this.#request(method, path, timeoutMs, signal)
    req.end(body === undefined ? undefined : JSON.stringify(body))
    const res = await this.#answer(req)
    const text = await this.#read(res)
    const answer = parseJson(text)
    const { statusCode = 0 } = res
    if (statusCode < 300 && answer !== undefined) return answer
    const { error } = (answer ?? {}) as { error?: { code?: string; message?: string } }
    throw new CallError(
      statusCode,
      error?.code ?? 'UP_ERR_INTERNAL',
      error?.message ?? `${method} ${path} was answered with ${statusCode}, and nothing that can be read`
    )
  }

  #request(method: string, path: string, timeoutMs: number, signal?: AbortSignal): ClientRequest {
    const headers = method === 'POST' ? { 'Content-Type': 'application/json' } : {}
    const req = request({
      socketPath: this.path,
      method,
      path,
      headers,
      agent: false,
      timeout: timeoutMs,
      ...(signal && { signal })
    })
    req.on('timeout', () => req.destroy(silent(this.path, timeoutMs)))
    // Also behind its answer.
    req.on('error', () => {})
    return req
  }

  async #answer(req: ClientRequest): Promise<IncomingMessage> {
    try {
      const [res] = (await once(req, 'response')) as [IncomingMessage]
      return res
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  async #read(res: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = []
    let size = 0
    try {
      for await (const piece of res as AsyncIterable<Buffer>) {
        pieces.push(piece)
        if ((size += piece.length) > MAX_BYTES)
          throw new Error(`its answer is larger than ${MAX_BYTES} bytes`)
      }
    } catch (cause) {
      throw this.#failure(cause)
    }
    return Buffer.concat(pieces).toString()
  }

  #failure(cause: unknown): Error {
    if (cause instanceof UpError) return cause
    const why = cause instanceof Error ? cause.message : String(cause)
    return new UpError('UP_ERR_CONTROL', `the up at ${this.path} gave no answer: ${why}`, { cause })
  }

  /** Rejects when the program does not answer any more. */
  #silence(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const look = (): void => {
        this.#call('GET', '/healthz', undefined, ANSWER_MS, signal).then(next, (error: unknown) => {
          // One that is gone has broken the call off, which tells of that.
          if (!isGone(error)) reject(error instanceof Error ? error : new Error(String(error)))
        })
      }
      const next = (): void => {
        if (signal.aborted) return
        const timer = setTimeout(look, ALIVE_MS)
        signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
      }
      next()
    })
  }
}

const GONE = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ABORT_ERR']

/** Whether there is nobody any more. */
export function isGone(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && GONE.includes(String(cause.code))
}

function silent(path: string, ms: number): UpError {
  const why = `the up at ${path} does not answer within ${ms / 1000} s: it is stopped, or blocked`
  return new UpError('UP_ERR_CONTROL', why)
}

function parseEvent(block: string): RemoteEvent | undefined {
  const type = /^event: (.*)$/m.exec(block)?.[1]
  const data = parseJson(/^data: (.*)$/m.exec(block)?.[1] ?? '')
  return type === undefined || data === undefined ? undefined : { type, data: data as RemoteEvent['data'] }
}

function parseJson(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
