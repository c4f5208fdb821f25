import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FeedEvent } from './feed.js'
import type { Sample } from './history.js'
import type { Steered } from './steered.js'

/** How often the whole state is told, in milliseconds. */
const STATUS_MS = 1000
/** How long after something happened the state is told, in milliseconds: events come in swarms. */
const CHANGED_MS = 50
/** How often something is sent, so that nobody on the way takes the connection for dead, in milliseconds. */
const ALIVE_MS = 15_000
/** Who takes its events so slowly that so many bytes wait loses them. */
const MAX_WAITING = 1 << 20

/**
 * Sends what happens as server-sent events (HTML Living Standard, section 9.2), until the client leaves: the whole
 * state at once, each second and after each event of the feed, each sample of the history, and these events; those
 * that a client missed first, by `Last-Event-ID`.
 */
export function streamEvents(req: IncomingMessage, res: ServerResponse, steered: Steered): void {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff'
  })
  if (req.method === 'HEAD') return void res.end()
  const write = (text: string): void => {
    if (res.writableLength > MAX_WAITING) res.destroy()
    else res.write(text)
  }
  const tell = ({ id, type, at, data }: FeedEvent): void =>
    write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ at, ...data })}\n\n`)
  const tellStatus = (): void =>
    write(`event: status\ndata: ${JSON.stringify({ at: Date.now(), ...steered.status() })}\n\n`)
  const tellSample = (sample: Sample): void => write(`event: sample\ndata: ${JSON.stringify(sample)}\n\n`)
  const { feed, history } = steered
  const last = Number(req.headers['last-event-id'] ?? NaN)
  tellStatus()
  if (Number.isInteger(last)) for (const event of feed.after(last)) tell(event)
  let changed: NodeJS.Timeout | undefined
  const onEvent = (event: FeedEvent): void => {
    tell(event)
    changed ??= setTimeout(() => {
      changed = undefined
      tellStatus()
    }, CHANGED_MS)
  }
  const stops = [feed.listen(onEvent), history.listen(tellSample)]
  const status = setInterval(tellStatus, STATUS_MS)
  const alive = setInterval(() => write(': still here\n\n'), ALIVE_MS)
  res.on('close', () => {
    for (const stop of stops) stop()
    clearTimeout(changed)
    clearInterval(status)
    clearInterval(alive)
  })
}
