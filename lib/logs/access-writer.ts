import { pino } from 'pino'
import type { AccessEntry, AccessLog } from '../options/access-entry.js'
import { combined, dev, roundMs } from './access-text.js'
import { escapeJson } from './escape.js'

export const ACCESS_FORMATS = ['json', 'combined', 'dev'] as const
export type AccessFormat = (typeof ACCESS_FORMATS)[number]

export interface AccessWriterOptions {
  readonly format: AccessFormat
  /** Whose log it is. */
  readonly name: string
  /** With the colour of its status. */
  readonly paint: (status: number | null, text: string) => string
  /** Takes lines, with their ends. */
  readonly write: (text: string) => void
}

/** Writes a line for each entry. */
export function accessWriter({ format, name, paint, write }: AccessWriterOptions): AccessLog {
  if (format === 'combined') return entry => write(`${combined(entry)}\n`)
  if (format === 'dev') return entry => write(`${dev(entry, paint)}\n`)
  const log = pino({ base: { pid: process.pid, name } }, { write: text => write(escapeJson(text)) })
  return entry => log.info(jsonFields(entry), 'request')
}

/** Without `at`: pino says when the line was written. Named one by one, as a copy of the rest would take longer. */
function jsonFields(entry: AccessEntry): Record<keyof Omit<AccessEntry, 'at'>, unknown> {
  return {
    id: entry.id,
    client: entry.client,
    method: entry.method,
    path: entry.path,
    httpVersion: entry.httpVersion,
    upgrade: entry.upgrade,
    host: entry.host,
    userAgent: entry.userAgent,
    referer: entry.referer,
    status: entry.status,
    bytes: entry.bytes,
    whole: entry.whole,
    durationMs: roundMs(entry.durationMs),
    heldMs: roundMs(entry.heldMs),
    upstreamMs: entry.upstreamMs === null ? null : roundMs(entry.upstreamMs),
    retries: entry.retries,
    worker: entry.worker,
    generation: entry.generation,
    upstream: entry.upstream
  }
}
