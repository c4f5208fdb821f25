import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { appText } from './cli-app.js'
import { startUp, UP, type CliProcess } from './cli-process.js'
import { tempFolder } from './watch-folder.js'
import { within } from './wait.js'

/** What a command came to. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A place where programs run that commands find by name. */
export interface Yard {
  readonly cwd: string
  /** Where control sockets are. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** Starts `up`; resolves when it listens, and so many workers are ready. */
  serve(args: string[], workers?: number): Promise<CliProcess & { readonly url: () => Promise<string> }>
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Outcome>
}

export function yard(t: TestContext, files: Record<string, string> = {}): Yard {
  const cwd = tempFolder(t, { 'app.js': appText('old'), 'package.json': '{"version":"1.4.0"}', ...files })
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  return {
    cwd,
    folder: join(cwd, 'run', 'up'),
    env,
    serve: async (args, workers = 1) => {
      const up = startUp(t, ['-p', '0', ...args], { cwd, env })
      const url = await up.url()
      for (let i = 0; i < workers; i++) await up.line(/is ready/)
      return { ...up, url: () => Promise.resolve(url) }
    },
    run: (...args) => runUp(args, cwd, env)
  }
}

async function runUp(args: string[], cwd: string, env: Record<string, string>): Promise<Outcome> {
  const child = spawn(process.execPath, [UP, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  try {
    await within(once(child, 'close'), `up ${args.join(' ')}`, 60_000)
  } finally {
    child.kill('SIGKILL')
  }
  return { code: child.exitCode, stdout, stderr }
}
