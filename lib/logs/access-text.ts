import type { AccessEntry } from '../options/access-entry.js'
import { escapeText } from './escape.js'

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** The combined format of Apache and nginx; behind it what they do not know, as `name=value`. */
export function combined(entry: AccessEntry): string {
  const { client, at, method, path, httpVersion, status, bytes, referer, userAgent } = entry
  const request = `${escapeText(method)} ${escapeText(path)} HTTP/${httpVersion}`
  return (
    `${orDash(client)} - - [${clfTime(at)}] "${request}" ${status ?? '-'} ${bytes} ` +
    `"${orDash(referer)}" "${orDash(userAgent)}" ${more(entry).join(' ')}`
  )
}

function more(entry: AccessEntry): string[] {
  const { id, worker, upstream, generation, durationMs, heldMs, upstreamMs, retries, whole } = entry
  return [
    `id=${escapeText(id)}`,
    `worker=${worker ?? orDash(upstream)}`,
    `generation=${generation ?? '-'}`,
    `ms=${shortMs(durationMs)}`,
    `held=${shortMs(heldMs)}`,
    `upstream=${upstreamMs === null ? '-' : shortMs(upstreamMs)}`,
    `retries=${retries}`,
    ...(whole ? [] : ['cut'])
  ]
}

/** For people who develop: what matters first, and what is usual not at all. */
export function dev(entry: AccessEntry, paint: (status: number | null, text: string) => string): string {
  const { id, method, path, status, bytes, durationMs, heldMs, upstreamMs, retries, whole } = entry
  const { worker, generation, upstream } = entry
  const who = worker === null ? orDash(upstream) : `${worker} g${generation ?? '-'}`
  const words = [
    escapeText(method),
    escapeText(path),
    paint(status, String(status ?? '-')),
    `${shortMs(durationMs)} ms`,
    `${bytes} B`,
    `[${who}]`,
    ...(upstreamMs === null ? [] : [`upstream ${shortMs(upstreamMs)} ms`]),
    ...(heldMs === 0 ? [] : [`held ${shortMs(heldMs)} ms`]),
    ...(retries === 0 ? [] : [`retried ${retries === 1 ? 'once' : `${retries} times`}`]),
    ...(whole ? [] : ['cut']),
    `id=${escapeText(id)}`
  ]
  return words.join(' ')
}

/** Three digits behind the point: microseconds. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function shortMs(ms: number): string {
  return ms < 100 ? String(Math.round(ms * 10) / 10) : String(Math.round(ms))
}

function orDash(text: string | null | undefined): string {
  return text == null || text === '' ? '-' : escapeText(text)
}

/** `21/Nov/2026:18:40:11 +0000`. */
function clfTime(at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  return `${day}/${MONTHS[Number(month) - 1] ?? ''}/${year}:${time.slice(0, 8)} +0000`
}
