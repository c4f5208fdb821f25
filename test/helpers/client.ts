import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Duplex } from 'node:stream'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

/** A client that has one connection, keeps it, and never repeats a request. */
export class Client {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #sockets = new Set<Duplex>()

  constructor(port: number) {
    this.#port = port
  }

  /** How many connections its requests took so far. */
  get connections(): number {
    return this.#sockets.size
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.send(path, options)
  }

  post(path: string, body: string | Buffer, options: RequestOptions = {}): Promise<Answer> {
    return this.send(path, { method: 'POST', body, ...options })
  }

  send(path: string, { body, ...options }: RequestOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const req = request(
        { port: this.#port, host: '127.0.0.1', path, agent: this.#agent, ...options },
        res => {
          text(res).then(
            content => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: content }),
            reject
          )
        }
      )
      req.on('error', reject).on('socket', socket => this.#sockets.add(socket))
      req.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** One request over a connection of its own. */
export async function fetchOnce(port: number, path = '/', options: RequestOptions = {}): Promise<Answer> {
  const client = new Client(port)
  try {
    return await client.send(path, options)
  } finally {
    client.close()
  }
}

/** Between an answer and the client's next request: a load that leaves workers time to start, in milliseconds. */
const PAUSE_MS = 2

export interface LoadResult {
  readonly requests: number
  readonly failed: string[]
  /** Connections beyond one per client: each was closed by the server. */
  readonly reconnects: number
}

/** Clients that send requests one after the other, each over its own connection, until they are stopped. */
export class Load {
  readonly #clients: Client[]
  readonly #loops: Promise<void>[]
  readonly #failed: string[] = []
  #requests = 0
  #stopped = false
  #marks: { count: number; resolve: () => void }[] = []

  /** @param posts whether every second client sends bodies */
  constructor(port: number, clients: number, posts: boolean) {
    this.#clients = Array.from({ length: clients }, () => new Client(port))
    this.#loops = this.#clients.map((client, i) => this.#run(client, posts && i % 2 === 1))
  }

  /** Resolves when that many more requests have been answered. */
  answered(count: number): Promise<void> {
    return new Promise(resolve => this.#marks.push({ count: this.#requests + count, resolve }))
  }

  async stop(): Promise<LoadResult> {
    this.#stopped = true
    await Promise.all(this.#loops)
    for (const client of this.#clients) client.close()
    const connections = this.#clients.reduce((sum, client) => sum + client.connections, 0)
    return {
      requests: this.#requests,
      failed: this.#failed,
      reconnects: connections - this.#clients.length
    }
  }

  async #run(client: Client, post: boolean): Promise<void> {
    const body = 'x'.repeat(20_000)
    while (!this.#stopped) {
      try {
        const answer = post ? await client.post('/length', body) : await client.get('/pid')
        const right = answer.status === 200 && (!post || answer.body === String(body.length))
        if (!right) this.#failed.push(`${post ? 'POST' : 'GET'}: ${answer.status} ${answer.body}`)
      } catch (error) {
        this.#failed.push(`${post ? 'POST' : 'GET'}: ${String(error)}`)
      }
      this.#requests++
      await delay(PAUSE_MS)
      this.#marks = this.#marks.filter(mark => {
        if (mark.count > this.#requests) return true
        mark.resolve()
        return false
      })
    }
  }
}

/** A connection that is written by hand. */
export class RawClient {
  readonly socket: Socket
  received = ''
  #wake: (() => void)[] = []
  #error: Error | undefined
  ended = false

  constructor(port: number, options: { allowHalfOpen?: boolean } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', ...options })
    this.socket
      .setEncoding('latin1')
      .on('data', (piece: string) => {
        this.received += piece
        this.#notify()
      })
      .on('error', error => {
        this.#error = error
      })
      .on('end', () => {
        this.ended = true
        this.#notify()
      })
      .on('close', () => this.#notify())
  }

  write(data: string | Buffer): this {
    this.socket.write(data)
    return this
  }

  /** Resolves once the text has arrived. */
  async until(part: string): Promise<string> {
    while (!this.received.includes(part)) {
      if (this.socket.destroyed || this.ended)
        throw new Error(`closed before ${JSON.stringify(part)}: ${JSON.stringify(this.received)}`)
      await this.#news()
    }
    return this.received
  }

  /** Resolves with all that arrived when the server has closed its side, or the connection is broken. */
  async end(): Promise<{ received: string; error: Error | undefined }> {
    while (!this.ended && !this.socket.destroyed) await this.#news()
    return { received: this.received, error: this.#error }
  }

  #news(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve))
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
