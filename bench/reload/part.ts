import type { Workshop } from '../common/workshop.js'
import type { Flags, PartName } from './flags.js'
import type { MasterName } from './masters.js'
import type { Subject } from './subject.js'

export interface Bench {
  readonly workshop: Workshop
  readonly flags: Flags
}

/** One kind of load, which all masters bear. */
export interface Part {
  readonly name: PartName
  readonly title: (flags: Flags) => string
  /** Unless others are asked for. */
  readonly masters: readonly MasterName[]
  readonly needsAb: boolean
  run(subjects: readonly Subject[], bench: Bench): Promise<PartResult>
}

export interface PartResult {
  /** For the JSON file. */
  readonly results: readonly unknown[]
  /** In Markdown. */
  readonly table: string
  /** The first few failures in words. */
  readonly problems: readonly string[]
  /** Whether up failed a request or broke a connection. */
  readonly bad: boolean
}
