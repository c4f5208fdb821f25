import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { REST, type Question, type Questions } from './questions.js'
import { SILENCE_MS, type Sight, type Talker } from './talker.js'

export interface HttpTalkerOptions {
  readonly port: number
  readonly questions?: Questions
  /** Whether its connection stays between requests; otherwise each request has its own. */
  readonly keepAlive?: boolean
  readonly secure?: boolean
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly localPort: number
}

/** Speaks HTTP/1.1, and never repeats a request. */
export class HttpTalker implements Talker {
  readonly broken: string[] = []
  readonly #options: HttpTalkerOptions
  readonly #questions: Questions
  readonly #agent: Agent
  readonly #known = new WeakSet<Socket>()
  /** Connections of which the server has said that it closes them. */
  readonly #ending = new WeakSet<Socket>()

  constructor(options: HttpTalkerOptions) {
    this.#options = options
    this.#questions = options.questions ?? REST
    const settings = { keepAlive: options.keepAlive ?? true, maxSockets: 1 }
    this.#agent = options.secure ? new HttpsAgent(settings) : new Agent(settings)
  }

  pid(): Promise<number> {
    return this.#ask(this.#questions.pid)
  }

  echo(text: string): Promise<string> {
    return this.#ask(this.#questions.echo(text))
  }

  async look(): Promise<Sight> {
    const { status, headers, body } = await this.#send(this.#questions.hello)
    const second = await this.#send(this.#questions.client)
    return {
      answer: { status, headers, body },
      client: this.#questions.client.read(second.body, second.headers),
      localPort: second.localPort
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #ask<T>(question: Question<T>): Promise<T> {
    const { status, headers, body } = await this.#send(question)
    if (status !== 200) throw new Error(`${question.path}: ${status} ${body}`)
    return question.read(body, headers)
  }

  #send({ path, method = 'GET', headers = {}, body }: Question<unknown>): Promise<Answer> {
    const { port, secure } = this.#options
    const signal = AbortSignal.timeout(SILENCE_MS)
    const options = { host: '127.0.0.1', port, path, method, headers, agent: this.#agent, signal }
    return new Promise((resolve, reject) => {
      const req = secure ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options)
      req.on('socket', socket => this.#watch(socket))
      req.on('error', reject)
      req.on('response', res => {
        const { socket, headers, statusCode = 0 } = res
        if (headers.connection?.toLowerCase() === 'close') this.#ending.add(socket)
        const { localPort = 0 } = socket
        text(res).then(body => resolve({ status: statusCode, headers, body, localPort }), reject)
      })
      req.end(body)
    })
  }

  #watch(socket: Socket): void {
    if (this.#known.has(socket)) return
    this.#known.add(socket)
    const note = (what: string): void => {
      if (!this.#ending.has(socket)) this.broken.push(what)
    }
    // What this side closes tells neither.
    socket.once('end', () => note('closed without notice'))
    socket.once('error', error => note(String(error)))
  }
}
