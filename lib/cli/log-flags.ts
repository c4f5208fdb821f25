import { OptionError } from '../errors.js'
import { ACCESS_FORMATS, type AccessFormat } from '../logs/access-writer.js'
import { LOG_FORMATS, type LogFormat } from '../logs/log-format.js'
import { asString } from '../options/checks.js'
import type { Flag } from './flag.js'
import { oneOf } from './flag-values.js'

/** What options say about logs. */
export interface LogSettings {
  readonly logFormat: LogFormat
  readonly accessFile: string
  readonly accessFormat: AccessFormat
}

/** Options of every command that serves: what is written of what happens. */
export const LOGGING: readonly Flag<LogSettings>[] = [
  {
    flags: '--log-format <format>',
    text: `what the lines of up and of the workers look like: ${LOG_FORMATS.join(', ')} (default: pretty on a terminal, else json)`,
    sets: 'logFormat',
    read: oneOf(LOG_FORMATS)
  },
  {
    flags: '--access-log [file]',
    text: 'write a line for each request: to a file, or to stdout (-, the default)',
    sets: 'accessFile',
    read: asLogFile
  },
  {
    flags: '--access-format <format>',
    text: `how: ${ACCESS_FORMATS.join(', ')} (default: dev on a terminal, else json)`,
    sets: 'accessFormat',
    read: oneOf(ACCESS_FORMATS),
    needs: '--access-log'
  }
]

const MODULE = /\.([cm]?[jt]sx?|json|node|wasm)$/i

/** `up --access-log app.js` would write into the app. */
function asLogFile(name: string, value: unknown): string {
  if (value === true) return '-'
  const path = asString(name, value)
  if (MODULE.test(path))
    throw new OptionError(name, value, 'a file for the log; in front of the app write --access-log=-')
  return path
}
