// Up, as the command, while somebody reads its metrics once a second, with its own two workers of the app.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import up from 'up-server'
import { HOST, hopWith, tellStarted } from './serve.js'

const START_MS = 30_000
const EVERY_MS = 1000
const WORKERS = 2

interface Status {
  readonly ports: readonly { readonly port: number }[]
  readonly workers: readonly { readonly pid: number; readonly state: string }[]
}

const folder = mkdtempSync(join(tmpdir(), 'up-metrics-'))
const proc = spawn(
  process.execPath,
  [
    fileURLToPath(new URL('../../../../dist/bin/up.js', import.meta.url)),
    ...['--name', 'bench', '--host', HOST, '--port', '0', '--number', String(WORKERS)],
    fileURLToPath(new URL('../app.js', import.meta.url))
  ],
  { stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, XDG_RUNTIME_DIR: folder } }
)
const gone = once(proc, 'exit')
const { ports, workers } = await started()
const pids = workers.map(({ pid }) => pid)
const scraper = setInterval(() => void read('/metrics'), EVERY_MS)
tellStarted(
  { port: ports[0]?.port ?? 0, hop: hopWith(pids, proc.pid), workers: pids, version: up.version },
  stop
)

/** The answer of the control API. */
async function read(path: string): Promise<string> {
  const request = get({ socketPath: join(folder, 'up', 'bench.sock'), path, agent: false })
  const [res] = (await once(request, 'response')) as [IncomingMessage]
  return text(res)
}

async function started(): Promise<Status> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const status = await read('/status').then(
      body => JSON.parse(body) as Status,
      () => undefined
    )
    if (status?.workers.filter(({ state }) => state === 'spawned').length === WORKERS) return status
    if (performance.now() > deadline || proc.exitCode !== null) throw new Error('up did not start')
    await delay(50)
  }
}

async function stop(): Promise<void> {
  clearInterval(scraper)
  proc.kill('SIGTERM')
  await gone
  rmSync(folder, { recursive: true, force: true })
}
