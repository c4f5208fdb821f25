import { UpError, WorkerError } from '../errors.js'

/** A time span for people. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** `1 worker`, `2 workers`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** What an error says, without what the worker wrote to stderr: that has gone to ours already. */
export function headline(error: unknown): string {
  if (error instanceof WorkerError && error.stderr !== '' && error.message.endsWith(error.stderr)) {
    return error.message.slice(0, -error.stderr.length).trimEnd()
  }
  if (error instanceof UpError) return error.message
  // Nothing that we know of: then its stack helps.
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
