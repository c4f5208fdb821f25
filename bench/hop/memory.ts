import { readFileSync } from 'node:fs'

export interface Memory {
  /** Resident now, in bytes. */
  readonly rss: number
  /** The most that was ever resident, in bytes. */
  readonly peak: number
}

/** Memory of the processes together; pages that they share count once for each. */
export function memoryOf(pids: readonly number[]): Memory {
  const statuses = pids.map(pid => readFileSync(`/proc/${pid}/status`, 'latin1'))
  const sum = (field: string): number =>
    statuses.reduce(
      (total, status) =>
        total + 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0),
      0
    )
  return { rss: sum('VmRSS'), peak: sum('VmHWM') }
}
