import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { show, UpError } from '../errors.js'
import { configError } from './config-error.js'
import type { ConfigContext } from './define-config.js'
import { findConfig, namedConfig, type ConfigPlace } from './find-config.js'
import { importFresh } from './import-fresh.js'

/** What a configuration file says, not checked yet. */
export interface LoadedConfig {
  /** What messages call it. */
  readonly label: string
  /** What stands before the names in messages, where it is a part: `proxy.`. */
  readonly prefix?: string
  readonly values: Readonly<Record<string, unknown>>
}

/** How long a file may take to load, and its function to answer, in milliseconds. */
const LOAD_MS = 30_000

/** The configuration file of one program, which may be read again and again. */
export class ConfigFile {
  readonly #cwd: string
  readonly #wanted: string | false | undefined
  readonly #patienceMs: number
  #label: string | undefined
  #failures = 0

  /** @param wanted the file that was named; false: there is to be none; undefined: the one of the working directory */
  constructor(cwd: string, wanted: string | false | undefined, patienceMs = LOAD_MS) {
    this.#cwd = cwd
    this.#wanted = wanted
    this.#patienceMs = patienceMs
  }

  /**
   * Reads it as it is now; undefined: there is none.
   *
   * @throws {UpError} `UP_ERR_CONFIG`: it cannot be read, throws, takes too long, gives no object, or is gone
   */
  async read(context: ConfigContext): Promise<LoadedConfig | undefined> {
    if (this.#wanted === false) return undefined
    const place = this.#wanted === undefined ? findConfig(this.#cwd) : namedConfig(this.#cwd, this.#wanted)
    if (place === undefined) {
      if (this.#label === undefined) return undefined
      // In the middle of a deployment, perhaps: its defaults would be none that anybody wants.
      throw configError(this.#label, 'was there before, and is gone: to go on without it takes a restart')
    }
    const values = await withDeadline(this.#evaluate(place, context), place.label, this.#patienceMs)
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw configError(
        place.label,
        `gives ${show(values)}, but must give an object, or a function that does`
      )
    this.#label = place.label
    return { label: place.label, values: values as Record<string, unknown> }
  }

  async #evaluate(place: ConfigPlace, context: ConfigContext): Promise<unknown> {
    try {
      const given = await this.#load(place)
      return typeof given === 'function' ? await (given as (told: ConfigContext) => unknown)(context) : given
    } catch (cause) {
      // Node keeps what an import has thrown.
      this.#failures++
      if (cause instanceof UpError) throw cause
      throw configError(place.label, `cannot be loaded: ${explain(cause)}`, cause)
    }
  }

  async #load({ path, label, member }: ConfigPlace): Promise<unknown> {
    const text = readFileSync(path, 'utf8')
    if (extname(path) === '.json') {
      const parsed: unknown = JSON.parse(text)
      return member === undefined ? parsed : (parsed as Record<string, unknown>)[member]
    }
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
    return importFresh(path, label, `${digest}-${this.#failures}`)
  }
}

async function withDeadline<T>(work: Promise<T>, label: string, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const why = `has not given its settings within ${patienceMs / 1000} s`
    timer = setTimeout(() => reject(configError(label, why)), patienceMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function explain(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
}
