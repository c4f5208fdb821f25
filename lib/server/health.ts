import type { IncomingMessage, ServerResponse } from 'node:http'

/** Of a request whose target is a whole URL (RFC 9112 section 3.2.2), what stands in front of the path. */
const ORIGIN = /^https?:\/\/[^/?#]*/i

/**
 * What the server says of itself, to whoever asks it on its public address: `healthz`, whether it lives, and `readyz`,
 * whether somebody is there to serve. It says so while requests are held as well.
 */
export class Health {
  readonly #prefix: string
  readonly #healthz: string
  readonly #readyz: string
  readonly #isReady: () => boolean

  /** @param prefix of the two paths, without a slash at its end */
  constructor(prefix: string, isReady: () => boolean) {
    this.#prefix = `${prefix}/`
    this.#healthz = `${prefix}/healthz`
    this.#readyz = `${prefix}/readyz`
    this.#isReady = isReady
  }

  /**
   * Whether the request is for us.
   *
   * @param at where the target begins in the text
   */
  isAsked(text: string, at = 0): boolean {
    // Of most requests this is all that is looked at.
    if (text.startsWith('/', at) && !text.startsWith(this.#prefix, at)) return false
    const end = text.indexOf(' ', at)
    const path = pathOf(text.slice(at, end === -1 ? undefined : end))
    return path === this.#healthz || path === this.#readyz
  }

  answer(req: IncomingMessage, res: ServerResponse): void {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.writeHead(405, { Allow: 'GET, HEAD', 'Content-Length': 0, 'Cache-Control': 'no-store' }).end()
      return
    }
    const isReadyz = pathOf(req.url ?? '') === this.#readyz
    const well = !isReadyz || this.#isReady()
    const text = `${JSON.stringify(isReadyz ? { ready: well } : { healthy: true })}\n`
    res.writeHead(well ? 200 : 503, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': text.length,
      'Cache-Control': 'no-store'
    })
    res.end(req.method === 'HEAD' ? '' : text)
  }
}

function pathOf(target: string): string {
  return target.replace(ORIGIN, '').replace(/[?#][^]*/, '')
}
