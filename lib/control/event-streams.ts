import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Steered } from './steered.js'
import { toJson } from './to-json.js'

/** How often the whole state is told, in milliseconds: so often, too, that nobody takes a connection for dead. */
const STATUS_MS = 1000
/** How long after something happened the state is told, in milliseconds: events come in swarms. */
const CHANGED_MS = 50
/** Who takes its events so slowly that so many bytes wait loses them. */
const MAX_WAITING = 1 << 20

/**
 * Sends what happens as server-sent events (HTML Living Standard, section 9.2): the whole state at once, each second and
 * after each event of the feed, each sample of the history, and these events. Each is written down once, and sent to all.
 */
export class EventStreams {
  readonly #steered: Steered
  readonly #readers = new Set<ServerResponse>()
  /** Ends what is told; undefined: there is nobody to tell it to. */
  #stop: (() => void) | undefined

  constructor(steered: Steered) {
    this.#steered = steered
  }

  /** Answers with events until the client leaves; those that it missed first, by `Last-Event-ID`. */
  add(req: IncomingMessage, res: ServerResponse): void {
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff'
    })
    if (req.method === 'HEAD') return void res.end()
    send(res, this.#status())
    const last = Number(req.headers['last-event-id'] ?? NaN)
    if (Number.isInteger(last))
      for (const { id, type, at, data } of this.#steered.feed.after(last))
        send(res, written(type, { at, ...data }, id))
    this.#readers.add(res)
    this.#stop ??= this.#begin()
    res.on('close', () => {
      this.#readers.delete(res)
      if (this.#readers.size > 0) return
      this.#stop?.()
      this.#stop = undefined
    })
  }

  #begin(): () => void {
    const { feed, history } = this.#steered
    const tellStatus = (): void => this.#tell(this.#status())
    let changed: NodeJS.Timeout | undefined
    const stops = [
      feed.listen(({ id, type, at, data }) => {
        this.#tell(written(type, { at, ...data }, id))
        changed ??= setTimeout(() => {
          changed = undefined
          tellStatus()
        }, CHANGED_MS)
      }),
      history.listen(sample => this.#tell(written('sample', sample)))
    ]
    const status = setInterval(tellStatus, STATUS_MS)
    return () => {
      for (const stop of stops) stop()
      clearTimeout(changed)
      clearInterval(status)
    }
  }

  #status(): Buffer {
    return written('status', { at: Date.now(), ...this.#steered.status() })
  }

  #tell(event: Buffer): void {
    for (const res of this.#readers) send(res, event)
  }
}

function send(res: ServerResponse, event: Buffer): void {
  if (res.writableLength > MAX_WAITING) res.destroy()
  else res.write(event)
}

function written(type: string, data: object, id?: number): Buffer {
  return Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${toJson(data)}\n\n`)
}
