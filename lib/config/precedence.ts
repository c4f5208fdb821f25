/** Where a value comes from. */
export interface Origin {
  readonly kind: 'flag' | 'environment' | 'file'
  /** For people: `--number`, `env UP_NUMBER`, `up.config.js`. */
  readonly place: string
  /** What an error calls the value: as the place, and in a file with the setting's name behind it. */
  readonly name: string
}

/** The value of a setting. */
export interface Entry {
  readonly value: unknown
  readonly from: Origin
}

/** Settings by their names. */
export type Layer = ReadonlyMap<string, Entry>

/** What counts of several layers, the first before the second. */
export function precedence(...layers: readonly Layer[]): Layer {
  return new Map([...layers].reverse().flatMap(layer => [...layer]))
}
