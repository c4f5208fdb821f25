import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OnOutput } from '../options/output.js'
import type { Guard } from './guard.js'
import type { Bind, StartMessage } from './messages.js'
import type { StderrEcho } from './stderr-echo.js'

/** How to start a worker, and how long things may take; times in milliseconds, 0 is no limit. */
export interface WorkerSpec {
  readonly start: StartMessage
  /** A place to listen for the master alone, as no worker had it before. */
  readonly nextBind: () => Bind
  readonly generation: number
  /** Number of its place in its generation. */
  readonly slot: number
  readonly version: string | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly execArgv: readonly string[]
  readonly readyTimeoutMs: number
  readonly killTimeoutMs: number
  /** Once retired and idle, it stays for so long: bound clients may be between two requests. */
  readonly lingerMs: number
  readonly pingIntervalMs: number | false
  readonly unresponsiveTimeoutMs: number
  readonly guard: Guard
  readonly echo: StderrEcho
  readonly output: OnOutput | undefined
}

const ENTRY = fileURLToPath(new URL('../child/entry.js', import.meta.url))

/** Forks a worker process. Unless somebody wants its lines, its stdout may be the master's own. */
export function forkWorker(spec: WorkerSpec): ChildProcess {
  const isPiped = process.stdout.isTTY || spec.output !== undefined
  return fork(ENTRY, [spec.start.file], {
    cwd: spec.cwd,
    env: { ...process.env, ...spec.env },
    execArgv: [...spec.execArgv],
    // Never the terminal itself: at its exit Node sets a terminal back to what it was at its start.
    stdio: ['ignore', isPiped ? 'pipe' : 'inherit', 'pipe', 'ipc'],
    // A session of its own: Ctrl+C in a terminal is for the master, who lets workers finish.
    detached: true
  })
}
