import { pino } from 'pino'
import type { AccessEntry, AccessLog } from '../options/access-entry.js'
import { escapeJson } from './escape.js'

/**
 * Writes entries as pino does, so that whatever reads the program's other lines reads these as well.
 *
 * @param name whose log it is
 * @param write takes lines, with their ends
 */
export function jsonWriter(name: string, write: (line: string) => void): AccessLog {
  const log = pino({ base: { pid: process.pid, name } }, { write: line => write(escapeJson(line)) })
  return entry => log.info(fieldsOf(entry), 'request')
}

/** Without `at`: pino says when the line was written. Named one by one, as a copy of the rest would take longer. */
function fieldsOf(entry: AccessEntry): Record<keyof Omit<AccessEntry, 'at'>, unknown> {
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

/** Three digits behind the point: microseconds. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
