import { isDeepStrictEqual } from 'node:util'
import type { ResolvedOptions, UpOptions } from '../options/options.js'
import { resolveOptions } from '../options/resolve-options.js'

/** Options that are read anew for each generation, reload, request or answer; and what they are resolved to. */
const LIVE = {
  numWorkers: 'numWorkers',
  workerTimeout: 'workerTimeoutMs',
  killTimeout: 'killTimeoutMs',
  readyTimeout: 'readyTimeoutMs',
  requires: 'requires',
  assumeReady: 'assumeReady',
  keepAlive: 'keepAlive',
  minExpectedLifetime: 'minExpectedLifetimeMs',
  workerPingInterval: 'workerPingIntervalMs',
  unresponsiveTimeout: 'unresponsiveTimeoutMs',
  strategy: 'strategy',
  surge: 'surge',
  keepPrevious: 'keepPrevious',
  maxConnections: 'maxConnections',
  maxHeld: 'maxHeld',
  holdTimeout: 'holdTimeoutMs',
  proxyTimeout: 'proxyTimeoutMs',
  cwd: 'cwd',
  env: 'env',
  execArgv: 'execArgv',
  args: 'args',
  holdResponse: 'holdResponse'
} as const satisfies Partial<Record<keyof UpOptions, keyof ResolvedOptions>>

type LiveName = keyof typeof LIVE

/** Makes options what they were. */
export type Undo = () => void

/** What came of a change of options. */
export interface OptionsChange {
  /** Those that are other ones now, and cannot be changed while it runs. */
  readonly notApplied: readonly (keyof UpOptions)[]
  readonly undo: Undo
}

/** The options of a server that runs: whoever reads them reads what is in force. */
export class LiveOptions {
  readonly now: ResolvedOptions
  /** Called when a reload begins, to {@link change} them; what it resolves with is called if the reload fails. */
  renew: () => Promise<Undo | undefined> = () => Promise.resolve(undefined)
  readonly #now: { -readonly [Name in keyof ResolvedOptions]: ResolvedOptions[Name] }
  #given: UpOptions

  /** @throws {OptionError} `UP_ERR_OPTION` */
  constructor(given: UpOptions) {
    this.#given = given
    this.#now = { ...resolveOptions(given) }
    this.now = this.#now
  }

  /** Changes the number of workers; it stays, unless {@link change} brings another one. */
  resize(numWorkers: number): void {
    this.#now.numWorkers = numWorkers
  }

  /**
   * Brings those into force that can be changed.
   *
   * @param next all options, as they are to be
   * @throws {OptionError} `UP_ERR_OPTION`: then nothing is changed
   */
  change(next: UpOptions): OptionsChange {
    const resolved = resolveOptions(next)
    const before = { given: this.#given, now: { ...this.#now } }
    const names = new Set([...Object.keys(this.#given), ...Object.keys(next)]) as Set<keyof UpOptions>
    const changed = [...names].filter(name => !isSame(this.#given[name], next[name]))
    const live = changed.filter(isLive)
    this.#given = { ...this.#given, ...Object.fromEntries(live.map(name => [name, next[name]])) }
    const targets = live.map(name => LIVE[name])
    Object.assign(this.#now, Object.fromEntries(targets.map(name => [name, resolved[name]])))
    return {
      notApplied: changed.filter(name => !isLive(name)),
      undo: () => {
        this.#given = before.given
        Object.assign(this.#now, before.now)
      }
    }
  }
}

function isLive(name: keyof UpOptions): name is LiveName {
  return Object.hasOwn(LIVE, name)
}

/** A function that was loaded anew is another one: it is the same if it has the same text. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(comparable(a), comparable(b))
}

function comparable(value: unknown): unknown {
  if (typeof value === 'function') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(comparable)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]))
}
