import { fetchOnce, type Answer, type RequestOptions } from './client.js'

/** Somebody who keeps the cookies that he gets. Each request has a connection of its own. */
export class Browser {
  readonly #port: number
  readonly #cookies = new Map<string, string>()

  constructor(port: number) {
    this.#port = port
  }

  /** The field that carries his cookies. */
  get headers(): Record<string, string> {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`)
    return pairs.length === 0 ? {} : { Cookie: pairs.join('; ') }
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies
  }

  async send(path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await fetchOnce(this.#port, path, { ...options, headers: this.headers })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }

  async ask(path = '/pid'): Promise<string> {
    return (await this.send(path)).body
  }
}
