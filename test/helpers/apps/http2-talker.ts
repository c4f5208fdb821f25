import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader
} from 'node:http2'
import type { Socket } from 'node:net'
import { REST, type Question } from './questions.js'
import { SILENCE_MS, type Sight, type Talker } from './talker.js'

interface Answer {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader
  readonly body: string
}

/** Speaks HTTP/2, over one connection until the server says GOAWAY. */
export class Http2Talker implements Talker {
  readonly broken: string[] = []
  readonly #url: string
  #session: ClientHttp2Session | undefined
  /** Of which the server has said that it ends them. */
  readonly #ending = new WeakSet<ClientHttp2Session>()

  constructor(port: number, secure: boolean) {
    this.#url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
  }

  pid(): Promise<number> {
    return this.#ask(REST.pid)
  }

  echo(text: string): Promise<string> {
    return this.#ask(REST.echo(text))
  }

  async look(): Promise<Sight> {
    const { headers, body } = await this.#send(REST.hello)
    const client = await this.#ask(REST.client)
    const { ':status': status = 0, ...fields } = headers
    return {
      answer: { status, headers: fields, body },
      client,
      localPort: (this.#session?.socket as Socket | undefined)?.localPort ?? 0
    }
  }

  close(): void {
    this.#session?.destroy()
  }

  async #ask<T>(question: Question<T>): Promise<T> {
    const { headers, body } = await this.#send(question)
    if (headers[':status'] !== 200) throw new Error(`${question.path}: ${headers[':status']} ${body}`)
    return question.read(body, headers)
  }

  async #send(question: Question<unknown>): Promise<Answer> {
    const session = this.#usable()
    const { path, method = 'GET', headers = {}, body } = question
    const stream = session.request({ ...headers, ':path': path, ':method': method })
    try {
      return await exchange(stream, body)
    } catch (error) {
      // RFC 9113, sections 6.8 and 8.7: what the server has not taken may be sent again.
      const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM
      if (refused && this.#ending.has(session)) return this.#send(question)
      throw error
    }
  }

  #usable(): ClientHttp2Session {
    const present = this.#session
    if (present !== undefined && !present.closed && !present.destroyed) return present
    const session = connect(this.#url, { rejectUnauthorized: false })
    session.on('goaway', code => {
      if (code === constants.NGHTTP2_NO_ERROR) this.#ending.add(session)
    })
    session.on('error', error => this.broken.push(String(error)))
    session.socket.once('end', () => {
      if (!this.#ending.has(session)) this.broken.push('closed without GOAWAY')
    })
    this.#session = session
    return session
  }
}

function exchange(stream: ClientHttp2Stream, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let headers: Answer['headers'] | undefined
    let text = ''
    stream.setTimeout(SILENCE_MS, () => stream.close(constants.NGHTTP2_CANCEL))
    stream.setEncoding('utf8')
    stream.on('response', fields => (headers = fields))
    stream.on('data', (piece: string) => (text += piece))
    stream.on('error', reject)
    stream.on('close', () => {
      if (headers !== undefined && !stream.aborted) resolve({ headers, body: text })
      else reject(new Error(`the stream was closed early, with ${stream.rstCode}`))
    })
    stream.end(body)
  })
}
