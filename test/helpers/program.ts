import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** How long a program may take to write what a test waits for, in milliseconds. */
const DEADLINE_MS = 30_000

/** A program under test, with its output. It is gone when the test is over. */
export class Program {
  readonly #child: ChildProcess
  readonly #gone: Promise<unknown>
  readonly #temp: string
  readonly #watchers = new Set<() => void>()
  #output = ''

  /** Starts `node` with these arguments, in a TMPDIR of its own and with PORT 0. */
  static start(t: TestContext, args: readonly string[], options: ProgramOptions = {}): Program {
    const program = new Program(args, options)
    t.after(() => program.#dispose())
    return program
  }

  private constructor(args: readonly string[], { cwd, env }: ProgramOptions) {
    this.#temp = temporaryFolder()
    this.#child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, PORT: '0', TMPDIR: this.#temp, XDG_RUNTIME_DIR: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#gone = once(this.#child, 'close')
    const read = (piece: string): void => {
      this.#output += piece
      for (const look of this.#watchers) look()
    }
    this.#child.stdout?.setEncoding('utf8').on('data', read)
    this.#child.stderr?.setEncoding('utf8').on('data', read)
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('the program could not be started')
    return pid
  }

  /** All that it has written, to stdout and stderr. */
  get output(): string {
    return this.#output
  }

  /** Resolves when its output, from the very beginning on, matches. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        settle()
      }
      const fail = (why: string): void =>
        finish(() => reject(new Error(`${why} without ${String(pattern)}:\n${this.#output}`)))
      const look = (): void => {
        const match = pattern.exec(this.#output)
        if (match !== null) finish(() => resolve(match))
      }
      const timer = setTimeout(() => fail(`${DEADLINE_MS} ms passed`), DEADLINE_MS)
      this.#watchers.add(look)
      void this.#gone.then(() => fail('the program ended'))
      look()
    })
  }

  /** The port that it says it listens on. */
  async port(): Promise<number> {
    const [, port] = await this.waitFor(/listening on http:\/\/localhost:(\d+)/)
    return Number(port)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves with the exit code, once it has ended without being told to. */
  async ended(): Promise<number | null> {
    await this.#gone
    return this.#child.exitCode
  }

  /** Sends SIGTERM; resolves with the exit code, and with the names of sockets' folders that were left behind. */
  async stop(): Promise<{ code: number | null; left: string[] }> {
    this.#child.kill('SIGTERM')
    await this.#gone
    const isEmptyControl = (name: string): boolean =>
      name === `up-${userInfo().uid}` && readdirSync(join(this.#temp, name)).length === 0
    const left = readdirSync(this.#temp).filter(name => name.startsWith('up-') && !isEmptyControl(name))
    return { code: this.#child.exitCode, left }
  }

  async #dispose(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.#gone
    rmSync(this.#temp, { recursive: true, force: true })
  }
}

/** A folder of the test's own, removed when it is over. */
export function testFolder(t: TestContext): string {
  const folder = temporaryFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function temporaryFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'up-test-'))
}
