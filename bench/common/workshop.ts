import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Child } from './child.js'

const runFile = promisify(execFile)
/** How long a process may take to end when it is told to. */
const END_MS = 8000
/** Debian has servers here, and no user but root has it in the path. */
const SYSTEM_PATHS = ':/usr/local/sbin:/usr/sbin:/sbin'

interface Message {
  readonly type: string
}

/** Owns the temporary folder and every process of a run, and leaves nothing behind. */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'up-bench-'))
  readonly #children = new Set<Child<Message, Message>>()
  readonly #tools = new AbortController()
  #paths = 0
  #ended: Promise<void> | undefined

  constructor() {
    // Whatever any of our processes leaves in its temporary folder goes with ours.
    process.env['TMPDIR'] = this.#folder
    process.env['PATH'] = `${process.env['PATH'] ?? ''}${SYSTEM_PATHS}`
    process.env['NODE_ENV'] = 'production'
  }

  /** A path in the folder that nothing has yet. */
  newPath(name: string): string {
    return join(this.#folder, `${++this.#paths}-${name}`)
  }

  /** Starts a program of the bench. It ends when its channel does, that is with this process at the latest. */
  fork<To extends Message, From extends Message>(
    program: URL,
    args: readonly string[] = [],
    execArgv: readonly string[] = []
  ): Child<To, From> {
    if (this.#ended !== undefined) throw new Error('the bench is ending')
    // A group of its own: a terminal's Ctrl+C is for the bench, which then ends the others in order.
    const child = new Child<To, From>(program, args, {
      detached: true,
      // The tables are all that is to stand on stdout.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, ...execArgv]
    })
    this.#children.add(child)
    return child
  }

  /** Ends a program; resolves when it is gone. */
  async stop<To extends Message, From extends Message>(child: Child<To, From>): Promise<void> {
    await child.end(END_MS)
    this.#children.delete(child)
  }

  /** Runs a command to its end, and resolves with what it wrote. */
  async run(command: string, args: readonly string[], timeoutMs: number): Promise<string> {
    const options = {
      timeout: timeoutMs,
      signal: this.signal,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 24
    } as const
    return (await runFile(command, args, options)).stdout
  }

  /** Aborted at the end: for commands that others run. */
  get signal(): AbortSignal {
    return this.#tools.signal
  }

  /** Whether a command is there; it is given an argument with which it ends at once, with any code. */
  async has(command: string, harmless: string): Promise<boolean> {
    return this.run(command, [harmless], 10_000).then(
      () => true,
      (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
  }

  /** Ends all processes and removes the folder. */
  end(): Promise<void> {
    this.#ended ??= (async () => {
      this.#tools.abort()
      await Promise.all([...this.#children].map(child => this.stop(child)))
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
    })()
    return this.#ended
  }
}
