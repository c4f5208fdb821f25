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
  if (error instanceof WorkerError && error.stderr !== '') {
    const { message, stderr, cause } = error
    const own = message.endsWith(stderr) ? message.slice(0, -stderr.length).trimEnd() : message
    return cause instanceof UpError && stderr.includes(cause.message)
      ? own.replace(`: ${cause.message}`, '')
      : own
  }
  if (error instanceof UpError) return error.message
  // Nothing that we know of: then its stack helps.
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
