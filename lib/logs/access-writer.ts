import type { AccessLog } from '../options/access-entry.js'
import { jsonWriter } from './access-json.js'
import { combined, dev } from './access-text.js'

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
  if (format === 'json') return jsonWriter(name, write)
  const text = format === 'combined' ? combined() : dev(paint)
  return entry => write(`${text(entry)}\n`)
}
