import type { Writable } from 'node:stream'
import { pino, type Logger } from 'pino'
import type { OutputLine } from '../options/output.js'
import { patientWrite } from '../worker/patient-write.js'
import { escapeJson } from './escape.js'

export type Level = 'info' | 'warn' | 'error'

/** Lines as JSON, in pino's form, so that those of apps which use pino are of the same. */
export class JsonLog {
  readonly #stream: Writable
  readonly #log: Logger
  #wait: Promise<void> | undefined

  constructor(stream: Writable) {
    this.#stream = stream
    this.#log = pino({ base: { pid: process.pid } }, { write: text => this.#write(text) })
  }

  /** From now on each line says whose it is. */
  name(name: string): void {
    this.#log.setBindings({ name })
  }

  /** A line of our own. */
  write(level: Level, text: string): void {
    this.#log[level](text)
  }

  /**
   * A line of a worker. If it is a JSON object, it is that object, which says in addition where it comes from.
   *
   * @returns as of {@link patientWrite}
   */
  worker({ pid: worker, generation, stream, text }: OutputLine): Promise<void> | undefined {
    const source = { worker, generation, stream }
    const own = withFields(text, source)
    if (own !== undefined) this.#write(`${own}\n`)
    else this.#log[stream === 'stderr' ? 'error' : 'info'](source, text)
    return this.#wait
  }

  #write(text: string): void {
    this.#wait = patientWrite(this.#stream, escapeJson(text))
  }
}

/** A JSON object with further fields; undefined: the text is none. */
function withFields(text: string, fields: Record<string, unknown>): string | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return undefined
  const object = orUndefined(() => JSON.parse(trimmed) as object)
  if (object === undefined) return undefined
  // As text, since numbers may have more digits than JavaScript has.
  const isNew = Object.keys(fields).every(name => !Object.hasOwn(object, name))
  if (!isNew) return orUndefined(() => JSON.stringify({ ...object, ...fields }))
  const rest = JSON.stringify(fields).slice(1)
  return Object.keys(object).length === 0 ? `{${rest}` : `${trimmed.slice(0, -1)},${rest}`
}

/** No JSON, or nested so deeply that it cannot be written again. */
function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
