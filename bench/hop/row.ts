import type { CandidateName } from './candidates.js'
import type { Column } from './columns.js'
import type { Figures } from './figures.js'
import type { Flags } from './flags.js'
import type { Subject } from './subject.js'
import type { Workshop } from '../common/workshop.js'

export type RowName =
  | 'hello'
  | 'connections'
  | 'close'
  | 'json'
  | 'middleware'
  | 'access-log'
  | 'download'
  | 'upload'
  | 'websocket'
  | 'idle'

/** Commands that a row needs, and the Debian packages that have them. */
export const TOOLS = { wrk: 'wrk', ab: 'apache2-utils' } as const

export type Tool = keyof typeof TOOLS

export interface Bench {
  readonly workshop: Workshop
  readonly flags: Flags
}

/** One load, which all candidates bear in turn. */
export interface Row {
  readonly name: RowName
  readonly title: (flags: Flags) => string
  readonly candidates: readonly CandidateName[]
  readonly needs: readonly Tool[]
  /** Each round has new processes: for what a load leaves behind. */
  readonly fresh: boolean
  readonly columns: readonly Column[]
  /** One round of one candidate, which is warm. */
  measure(subject: Subject, bench: Bench): Promise<Figures>
}
