import { isDeepStrictEqual } from 'node:util'

/** Makes options what they were. */
export type Undo = () => void

/** What came of a change of options. */
export interface OptionsChange<Given> {
  /** Those that are other ones now, and are in force. */
  readonly applied: readonly (keyof Given & string)[]
  /** Those that are other ones now, and cannot be changed while it runs. */
  readonly notApplied: readonly (keyof Given & string)[]
  readonly undo: Undo
}

/** Of options those that can be changed while a server runs; and what they are resolved to. */
export type LiveNames<Given, Resolved> = Readonly<Partial<Record<keyof Given, keyof Resolved>>>

/** The options of a server that runs: whoever reads them reads what is in force. */
export class LiveOptions<Given extends object, Resolved extends object> {
  readonly now: Resolved
  readonly #resolve: (given: Given) => Resolved
  readonly #live: LiveNames<Given, Resolved>
  #given: Given

  /**
   * @param resolve completes and checks
   * @throws {OptionError} `UP_ERR_OPTION`
   */
  constructor(given: Given, resolve: (given: Given) => Resolved, live: LiveNames<Given, Resolved>) {
    this.#given = given
    this.#resolve = resolve
    this.#live = live
    this.now = { ...resolve(given) }
  }

  /**
   * Brings those into force that can be changed.
   *
   * @param next all options, as they are to be
   * @throws {OptionError} `UP_ERR_OPTION`: then nothing is changed
   */
  change(next: Given): OptionsChange<Given> {
    const resolved = this.#resolve(next)
    const before = { given: this.#given, now: { ...this.now } }
    const names = new Set([...Object.keys(this.#given), ...Object.keys(next)]) as Set<keyof Given & string>
    const changed = [...names].filter(name => !isSame(this.#given[name], next[name]))
    const applied = changed.filter(name => Object.hasOwn(this.#live, name))
    this.#given = { ...this.#given, ...Object.fromEntries(applied.map(name => [name, next[name]])) }
    const targets = applied.flatMap(name => this.#live[name] ?? [])
    Object.assign(this.now, Object.fromEntries(targets.map(name => [name, resolved[name]])))
    return {
      applied,
      notApplied: changed.filter(name => !Object.hasOwn(this.#live, name)),
      undo: () => {
        this.#given = before.given
        Object.assign(this.now, before.now)
      }
    }
  }
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
