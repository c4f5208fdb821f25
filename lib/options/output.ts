/** A line that a worker wrote. */
export interface OutputLine {
  readonly pid: number
  readonly generation: number
  readonly stream: 'stdout' | 'stderr'
  /** Without its end. */
  readonly text: string
}

/** Gets each line; while a promise that it returned is pending, nothing more is read of that worker's stream. */
export type OnOutput = (line: OutputLine) => unknown
