import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { atEnd } from './cli-cleanup.js'

/** The compiled program. */
export const UP = fileURLToPath(new URL('../../../dist/bin/up.js', import.meta.url))

/** How long anything may take on a machine that is busy with other tests. */
const PATIENCE_MS = 30_000

/** A process whose output is read line by line. */
export interface CliProcess {
  readonly proc: ChildProcess
  readonly pid: number
  /** All lines so far, of stdout and stderr, without colours. */
  readonly lines: readonly string[]
  /** The next line that matches, from behind the one that was found last. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  /** Says what it listens on: "http://localhost:1234". */
  url(): Promise<string>
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  /** The pids of the workers that were ready at some time. */
  workers(): number[]
}

/** Starts `up` with these arguments; it is gone when the test ends. */
export function startUp(t: TestContext, args: string[], options: SpawnOptions = {}): CliProcess {
  return startProcess(t, process.execPath, [UP, ...asText(args)], options)
}

/** Starts any program whose output holds that of `up`. */
export function startProcess(
  t: TestContext,
  command: string,
  args: string[],
  options: SpawnOptions = {}
): CliProcess {
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env }
  for (const name of ['NODE_ENV', 'PORT', 'NODE_TEST_CONTEXT']) {
    if (options.env?.[name] === undefined) delete env[name]
  }
  const proc = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options, env })
  const lines: string[] = []
  const wakers = new Set<() => void>()
  let taken = 0
  let ended = false

  const wake = (): void => {
    for (const waker of wakers) waker()
  }
  for (const stream of [proc.stdout, proc.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text.replace(COLOURS, '')).split(/\r?\n/)
      rest = parts.pop() ?? ''
      lines.push(...parts)
      wake()
    })
  }
  const exited = once(proc, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
    ended = true
    wake()
    return code ?? signal ?? 'SIGKILL'
  })
  atEnd(t, async () => {
    if (!ended) proc.kill('SIGKILL')
    await exited
  })

  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      while (taken < lines.length) {
        const match = pattern.exec(lines[taken++] ?? '')
        if (match !== null) return match
      }
      const left = deadline - performance.now()
      if (ended || left <= 0) {
        throw new Error(
          `no line matched ${String(pattern)} ${ended ? 'before the end' : 'in time'}:\n${lines.join('\n')}`
        )
      }
      await woken(wakers, left)
    }
  }
  return {
    proc,
    pid: proc.pid ?? 0,
    lines,
    line,
    exited,
    url: async () => (await line(/listening on (https?:\/\/[^ ]+:\d+)/))[1] ?? '',
    workers: () => lines.flatMap(text => /worker (\d+) is ready/.exec(text)?.[1] ?? []).map(Number)
  }
}

/** Off a terminal lines are JSON, unless somebody says otherwise: here most tests read them as people do. */
function asText(args: readonly string[]): string[] {
  if (args.includes('--log-format') || CLIENTS.has(args[0] ?? '')) return [...args]
  const [first = '', ...rest] = args
  return first === 'proxy' ? [first, '--log-format', 'raw', ...rest] : ['--log-format', 'raw', ...args]
}

/** Commands that serve nothing, and have no such option. */
const CLIENTS = new Set(
  'status reload pause resume scale stop promote abort rollback ls check completion'.split(' ')
)

/** Resolves when none of the processes is left. */
export async function allGone(pids: readonly number[], withinMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + withinMs
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) throw new Error(`of the processes ${pids.join(', ')} some are left`)
    await new Promise(done => setTimeout(done, 20))
  }
}

/** Whether a process runs; one that ended and that its new parent has yet to take note of does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return !existsSync('/proc/self')
  }
}

function woken(wakers: Set<() => void>, withinMs: number): Promise<void> {
  return new Promise(resolve => {
    const waker = (): void => {
      clearTimeout(timer)
      wakers.delete(waker)
      resolve()
    }
    const timer = setTimeout(waker, withinMs)
    wakers.add(waker)
  })
}

const COLOURS = /\x1b\[[0-9;?]*[a-zA-Z]/g
