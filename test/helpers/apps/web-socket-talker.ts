import { once } from 'node:events'
import { WebSocket } from 'ws'
import { SILENCE_MS, type Client, type Sight, type Talker } from './talker.js'

interface Reply {
  readonly text: string
  readonly pid: number
}

/** One WebSocket, which stays. */
export class WebSocketTalker implements Talker {
  readonly broken: string[] = []
  readonly #socket: WebSocket
  readonly #greeting: Promise<Sight>
  #closing = false

  constructor(port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/`)
    this.#socket.on('close', code => {
      if (!this.#closing) this.broken.push(`the socket was closed with ${code}`)
    })
    this.#greeting = this.#greeted()
    // Whoever asks first hears of it.
    this.#greeting.catch(() => {})
  }

  async pid(): Promise<number> {
    return (await this.#say('pid')).pid
  }

  async echo(text: string): Promise<string> {
    return (await this.#say(text)).text
  }

  look(): Promise<Sight> {
    return this.#greeting
  }

  close(): void {
    this.#closing = true
    this.#socket.close()
  }

  async #greeted(): Promise<Sight> {
    let localPort = 0
    this.#socket.once('upgrade', res => (localPort = res.socket.localPort ?? 0))
    const [data] = (await once(this.#socket, 'message')) as [Buffer]
    return { client: JSON.parse(data.toString()) as Client, localPort }
  }

  async #say(text: string): Promise<Reply> {
    await this.#greeting
    const answer = once(this.#socket, 'message', { signal: AbortSignal.timeout(SILENCE_MS) })
    this.#socket.send(text)
    const [data] = (await answer) as [Buffer]
    return JSON.parse(data.toString()) as Reply
  }
}
