import type { AccessEntry } from '../options/access-entry.js'
import { escapeText } from './escape.js'

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** The combined format of Apache and nginx; behind it what they do not know, as `name=value`. */
export function combined(): (entry: AccessEntry) => string {
  const clfTime = clfClock()
  return entry => {
    const { client, at, status, bytes, referer, userAgent } = entry
    return (
      `${orDash(client)} - - [${clfTime(at)}] "${requestLine(entry)}" ${status ?? '-'} ${bytes} ` +
      `"${orDash(referer)}" "${orDash(userAgent)}" ${more(entry)}`
    )
  }
}

/** `-` of what did not become a request. */
function requestLine({ method, path, httpVersion }: AccessEntry): string {
  return method === '' ? '-' : `${escapeText(method)} ${escapeText(path)} HTTP/${httpVersion}`
}

function more(entry: AccessEntry): string {
  const { id, worker, upstream, generation, durationMs, heldMs, upstreamMs, retries, whole } = entry
  return (
    `id=${orDash(id)} worker=${worker ?? orDash(upstream)} generation=${generation ?? '-'} ` +
    `ms=${shortMs(durationMs)} held=${shortMs(heldMs)} upstream=${upstreamMs === null ? '-' : shortMs(upstreamMs)} ` +
    `retries=${retries}${whole ? '' : ' cut'}`
  )
}

/**
 * For people who develop: what matters first, and what is usual not at all.
 *
 * @param paint gives a status its colour
 */
export function dev(paint: (status: number | null, text: string) => string): (entry: AccessEntry) => string {
  return ({ id, method, path, status, bytes, durationMs, heldMs, upstreamMs, retries, whole, ...who }) => {
    const { worker, generation, upstream } = who
    const words = [
      orDash(method),
      orDash(path),
      paint(status, String(status ?? '-')),
      `${shortMs(durationMs)} ms`,
      `${bytes} B`,
      `[${worker === null ? orDash(upstream) : `${worker} g${generation ?? '-'}`}]`,
      ...(upstreamMs === null ? [] : [`upstream ${shortMs(upstreamMs)} ms`]),
      ...(heldMs === 0 ? [] : [`held ${shortMs(heldMs)} ms`]),
      ...(retries === 0 ? [] : [`retried ${retries === 1 ? 'once' : `${retries} times`}`]),
      ...(whole ? [] : ['cut']),
      `id=${orDash(id)}`
    ]
    return words.join(' ')
  }
}

function shortMs(ms: number): string {
  return ms < 100 ? String(Math.round(ms * 10) / 10) : String(Math.round(ms))
}

function orDash(text: string | null | undefined): string {
  return text == null || text === '' ? '-' : escapeText(text)
}

/** `21/Nov/2026:18:40:11 +0000`, made once a second. */
function clfClock(): (at: number) => string {
  let second = NaN
  let text = ''
  return at => {
    const now = Math.floor(at / 1000)
    if (now !== second) text = clfTime(at)
    second = now
    return text
  }
}

function clfTime(at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  return `${day}/${MONTHS[Number(month) - 1] ?? ''}/${year}:${time.slice(0, 8)} +0000`
}
