import { io, type Socket } from 'socket.io-client'
import { SILENCE_MS, type Client, type Sight, type Talker } from './talker.js'

/** One session of Socket.IO, over a WebSocket. */
export class SocketIoTalker implements Talker {
  readonly broken: string[] = []
  readonly #socket: Socket
  readonly #greeting: Promise<Client>

  constructor(port: number) {
    this.#socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true })
    this.#socket.on('disconnect', reason => {
      if (reason !== 'io client disconnect') this.broken.push(reason)
    })
    this.#socket.on('connect_error', error => this.broken.push(error.message))
    this.#greeting = new Promise(resolve => this.#socket.once('client', resolve))
  }

  async pid(): Promise<number> {
    const [, pid] = await this.#say('pid')
    return pid
  }

  async echo(text: string): Promise<string> {
    const [back] = await this.#say(text)
    return back
  }

  async look(): Promise<Sight> {
    return { client: await this.#greeting }
  }

  close(): void {
    this.#socket.disconnect()
  }

  #say(text: string): Promise<[string, number]> {
    return new Promise((resolve, reject) => {
      this.#socket
        .timeout(SILENCE_MS)
        .emit('echo', text, (error: Error | null, back: string, pid: number) => {
          if (error === null) resolve([back, pid])
          else reject(error)
        })
    })
  }
}
