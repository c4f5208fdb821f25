import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { join } from 'node:path'
import { appText } from './cli-app.js'
import { startUp, type CliProcess } from './cli-process.js'
import { tempFolder } from './watch-folder.js'
import { within } from './wait.js'

/** An answer of the control API. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** undefined: it is none. */
  readonly json: unknown
}

/** Calls the control API over a socket; a body that is text is sent as it is. */
export async function call(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> {
  const type = body === undefined || typeof body === 'string' ? {} : { 'Content-Type': 'application/json' }
  const req = request({ socketPath, method, path, headers: { ...type, ...headers }, agent: false })
  req.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  const [res] = (await within(once(req, 'response'), `${method} ${path}`, 30_000)) as [IncomingMessage]
  let text = ''
  for await (const piece of res.setEncoding('utf8') as AsyncIterable<string>) text += piece
  return { status: res.statusCode ?? 0, headers: res.headers, text, json: parse(text) }
}

/** One server-sent event. */
export interface SentEvent {
  readonly id: number | undefined
  readonly type: string
  readonly data: Record<string, unknown>
}

/** A client of GET /events. */
export class EventReader {
  readonly seen: SentEvent[] = []
  readonly #socket: Socket
  readonly #wakers = new Set<() => void>()
  #rest = ''
  #head = true

  static async open(t: TestContext, path: string, fields: readonly string[] = []): Promise<EventReader> {
    const socket = connect(path)
    t.after(() => socket.destroy())
    await within(once(socket, 'connect'), 'the connection')
    socket.write(['GET /events HTTP/1.0', ...fields, '', ''].join('\r\n'))
    return new EventReader(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text: string) => this.#onData(text))
    socket.on('error', () => {})
  }

  /** The first event that fits, of all that came or come. */
  async find(what: string, fits: (event: SentEvent) => boolean): Promise<SentEvent> {
    let stop = (): void => {}
    const found = new Promise<SentEvent>(resolve => {
      const look = (): void => {
        const event = this.seen.find(fits)
        if (event !== undefined) resolve(event)
      }
      this.#wakers.add(look)
      stop = () => this.#wakers.delete(look)
      look()
    })
    return within(found, what, 30_000).finally(stop)
  }

  ofType(type: string): Promise<SentEvent> {
    return this.find(`the event ${type}`, event => event.type === type)
  }

  close(): void {
    this.#socket.destroy()
  }

  #onData(text: string): void {
    this.#rest += text
    if (this.#head) {
      const end = this.#rest.indexOf('\r\n\r\n')
      if (end === -1) return
      this.#head = false
      this.#rest = this.#rest.slice(end + 4)
    }
    const blocks = this.#rest.split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const type = /^event: (.*)$/m.exec(block)?.[1]
      if (type === undefined) continue
      const id = /^id: (.*)$/m.exec(block)?.[1]
      const data = parse(/^data: (.*)$/m.exec(block)?.[1] ?? '') as SentEvent['data']
      this.seen.push({ id: id === undefined ? undefined : Number(id), type, data })
    }
    for (const wake of this.#wakers) wake()
  }
}

export interface Running extends CliProcess {
  readonly cwd: string
  readonly socket: string
}

/** Starts `up` with a control socket in a folder of its own; it listens, and its workers are ready. */
export async function startSteered(t: TestContext, args: string[] = [], workers = 2): Promise<Running> {
  const cwd = tempFolder(t, { 'app.js': appText('old'), 'package.json': '{"name":"shop","version":"1.4.0"}' })
  const socket = join(cwd, 'c.sock')
  const up = startUp(t, ['-p', '0', '-n', String(workers), '--control', socket, ...args, 'app.js'], { cwd })
  for (let i = 0; i < workers; i++) await up.line(/is ready/)
  return { ...up, cwd, socket }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
