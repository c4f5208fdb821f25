import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from '../helpers/client.js'

const UP = fileURLToPath(new URL('../../../dist/bin/up.js', import.meta.url))
/** How many clients ask all the time. */
const CLIENTS = 8

/** What a command of the tour has come to. */
export interface Step {
  readonly command: string
  readonly code: number
  readonly output: string
}

export interface TourResult {
  readonly steps: readonly Step[]
  readonly requests: number
  /** What became of those that were not answered well. */
  readonly failed: readonly string[]
  /** The version that answered at the beginning, and after each step that could have changed it. */
  readonly versions: readonly string[]
}

/**
 * Starts an app, and does with it what its operators do, while clients ask for it all the time.
 *
 * @param folder an empty one
 * @param show gets what would stand on a terminal
 */
export async function tour(folder: string, show: (text: string) => void): Promise<TourResult> {
  const steps: Step[] = []
  const run = async (...args: string[]): Promise<Step> => {
    show(`$ up ${args.join(' ')}\n`)
    const proc = spawn(process.execPath, [UP, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const [[code], stdout, stderr] = await Promise.all([
      once(proc, 'close') as Promise<[number]>,
      text(proc.stdout),
      text(proc.stderr)
    ])
    const output = stdout + stderr
    show(`${output}${code === 0 ? '' : `(exit code ${code})\n`}\n`)
    const step = { command: args.join(' '), code, output }
    steps.push(step)
    return step
  }
  const heldNow = async (): Promise<number> => {
    const proc = spawn(process.execPath, [UP, 'status', '--json'], { cwd: folder, env })
    return (JSON.parse(await text(proc.stdout)) as { held: number }).held
  }
  // Nobody else's instances are to be seen.
  const runtime = join(folder, 'run')
  mkdirSync(runtime, { mode: 0o700 })
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime, NO_COLOR: '1', NODE_ENV: 'production' }
  deploy(folder, '1.0.0', "http.createServer((req, res) => res.end('1.0.0'))")
  const args = [
    '--port',
    '0',
    '--host',
    '127.0.0.1',
    '--number',
    '2',
    '--log-format',
    'raw',
    'current/server.js'
  ]
  show(`$ up ${args.join(' ')} &\n`)
  const master = spawn(process.execPath, [UP, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe']
  })
  try {
    const port = await portOf(master)
    show(`up: listening on http://127.0.0.1:${port}\n\n`)
    const load = new Visitors(port)
    const versions = [await load.version()]
    await run('status')

    deploy(folder, '1.1.0', "throw new Error('cannot find the database')")
    await run('reload')
    versions.push(await load.version())

    deploy(folder, '1.2.0', "http.createServer((req, res) => setTimeout(() => res.end('1.2.0'), 5))")
    await run('reload')
    versions.push(await load.version())

    await run('pause')
    while ((await heldNow()) < CLIENTS);
    await run('status')
    await run('resume')
    versions.push(await load.version())

    await run('scale', '3')
    await run('rollback')
    versions.push(await load.version())
    await run('status')
    const { requests, failed } = await load.stop()
    await run('stop')
    if (master.exitCode === null) await once(master, 'exit')
    show(`${requests} requests meanwhile, ${failed.length} failed; answered by ${versions.join(', ')}\n`)
    return { steps, requests, failed, versions }
  } finally {
    if (master.exitCode === null && master.signalCode === null) {
      master.kill('SIGKILL')
      await once(master, 'exit')
    }
  }
}

/** Puts a version of the app beside the others, and has the link `current` lead there. */
function deploy(folder: string, version: string, server: string): void {
  const release = join(folder, version)
  mkdirSync(release)
  const about = { name: 'shop', version, type: 'module' }
  writeFileSync(join(release, 'package.json'), JSON.stringify(about))
  writeFileSync(
    join(release, 'server.js'),
    `import http from 'node:http'\nexport default ${wrapped(server)}\n`
  )
  symlinkSync(version, join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'current'))
}

/** A statement as well as an expression. */
function wrapped(server: string): string {
  return server.startsWith('throw') ? `(() => { ${server} })()` : server
}

/** Where it listens, once it is ready to serve. */
async function portOf({ stderr }: ChildProcess): Promise<number> {
  if (stderr === null) throw new Error('its output is not read')
  let lines = ''
  for await (const piece of stderr.setEncoding('utf8') as AsyncIterable<string>) {
    lines += piece
    const port = /listening on http:\/\/[^ ]+:(\d+)/.exec(lines)?.[1]
    if (port === undefined || !lines.includes('is ready')) continue
    return Number(port)
  }
  throw new Error(`it did not start:\n${lines}`)
}

/** Ask one after the other, each over a connection of its own that stays. */
class Visitors {
  readonly #loops: Promise<void>[]
  readonly #failed: string[] = []
  #latest = ''
  #requests = 0
  #stopped = false

  constructor(port: number) {
    this.#loops = Array.from({ length: CLIENTS }, () => this.#visit(new Client(port)))
  }

  /** The version that answers, after a hundred more requests. */
  async version(): Promise<string> {
    const wanted = this.#requests + 100
    while (this.#requests < wanted) await delay(10)
    return this.#latest
  }

  async stop(): Promise<Pick<TourResult, 'requests' | 'failed'>> {
    this.#stopped = true
    await Promise.all(this.#loops)
    return { requests: this.#requests, failed: this.#failed }
  }

  async #visit(client: Client): Promise<void> {
    while (!this.#stopped) {
      try {
        const { status, body } = await client.get('/')
        if (status === 200) this.#latest = body
        else this.#failed.push(`${status} ${body}`)
      } catch (error) {
        this.#failed.push(String(error))
      }
      this.#requests++
      await delay(2)
    }
    client.close()
  }
}
