import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../common/free-port.js'
import { sourceFile } from '../source-file.js'
import { BACKLOG, HOST, hopWith, readSetup, tellStarted, tellUnavailable } from './serve.js'

export interface Native {
  readonly command: string
  /** A path from bench/hop, with `@NAME@` where a value of this run is to stand. */
  readonly config: string
  /** Makes it run in the foreground. */
  readonly args: (configPath: string, folder: string) => string[]
  /** Makes it write its version. */
  readonly versionFlag: string
  readonly debian: string
}

const START_MS = 10_000

/** Runs a server that is not ours, with one process or thread that works. */
export async function serveNative(native: Native): Promise<void> {
  const version = await readVersion(native)
  if (version === undefined)
    return tellUnavailable(`${native.command} is not installed (Debian: apt install ${native.debian})`)
  const folder = mkdtempSync(join(tmpdir(), `${native.command}-`))
  const port = await freePort()
  const path = join(folder, basename(native.config))
  writeFileSync(path, fillIn(native.config, folder, port))
  const proc = spawn(native.command, native.args(path, folder), { stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = once(proc, 'exit')
  let complaint = ''
  proc.stderr.setEncoding('utf8').on('data', (piece: string) => {
    complaint = (complaint + piece).slice(-4096)
  })
  const failed = gone.then(() => Promise.reject(new Error(`${native.command} ended:\n${complaint}`)))
  // Its end is a failure only as long as it has not begun to listen.
  failed.catch(() => {})
  try {
    await Promise.race([accepting(port), failed])
  } catch (error) {
    proc.kill('SIGKILL')
    throw error
  }
  tellStarted({ port, hop: hopWith([], proc.pid), workers: [], version }, async () => {
    proc.kill('SIGTERM')
    await gone
    rmSync(folder, { recursive: true, force: true })
  })
}

function fillIn(config: string, folder: string, port: number): string {
  const { sockets, accessLog } = readSetup()
  const [first = '', second = ''] = sockets
  const values: Readonly<Record<string, string>> = {
    FOLDER: folder,
    LISTEN: `${HOST}:${port}`,
    BACKLOG: String(BACKLOG),
    // In pieces, as up writes.
    ACCESS_LOG:
      accessLog === undefined ? 'off' : `${join(folder, 'access.log')} combined buffer=64k flush=1s`,
    SOCKET_1: first,
    SOCKET_2: second
  }
  return readFileSync(sourceFile(config), 'utf8').replace(
    /@(\w+)@/g,
    (all, name: string) => values[name] ?? all
  )
}

async function readVersion({ command, versionFlag }: Native): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [versionFlag])
    return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown'
  } catch {
    return undefined
  }
}

async function accepting(port: number): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const socket = connect(port, HOST)
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(20)
    } finally {
      socket.destroy()
    }
  }
}
