import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Latency } from './latency.js'

const run = promisify(execFile)
const LIMIT_MS = 180_000

export interface AbOptions {
  readonly port: number
  readonly requests: number
  readonly concurrency: number
  /** `-k`: HTTP/1.0 with `Connection: keep-alive`. */
  readonly keepAlive: boolean
}

export interface AbReport {
  readonly requests: number
  /** Those with a broken connection, a wrong length or another status than 2xx, and those not completed. */
  readonly failed: number
  /** Connections that could not be made, or were reset; one that is closed too early shows as a wrong length. */
  readonly broken: number
  readonly latency: Latency
  readonly problems: readonly string[]
}

/** Whether ab is there. */
export async function hasAb(): Promise<boolean> {
  return run('ab', ['-V']).then(
    () => true,
    () => false
  )
}

/** Runs ab once, to its end or until the signal kills it. */
export async function runAb(options: AbOptions, signal?: AbortSignal): Promise<AbReport> {
  const folder = mkdtempSync(join(tmpdir(), 'up-bench-'))
  const table = join(folder, 'percentiles.csv')
  // -r: goes on when a connection breaks, and counts it.
  const args = ['-q', '-r', '-s', '30', '-n', options.requests, '-c', options.concurrency, '-e', table]
  if (options.keepAlive) args.push('-k')
  args.push(`http://127.0.0.1:${options.port}/`)
  try {
    const { stdout } = await run('ab', args.map(String), {
      timeout: LIMIT_MS,
      maxBuffer: 1 << 24,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal })
    })
    return readReport(stdout, readFileSync(table, 'utf8'), options.requests)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(text: string, table: string, wanted: number): AbReport {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)
  const complete = number(/^Complete requests:\s+(\d+)/m)
  const kinds = /\(Connect: (\d+), Receive: (\d+), Length: (\d+), Exceptions: (\d+)\)/.exec(text)
  const [connect = 0, receive = 0, length = 0, exceptions = 0] = kinds?.slice(1).map(Number) ?? []
  const broken = Math.max(connect, receive, exceptions)
  // ab counts one broken connection under up to three of these kinds, and a 502 under two.
  const failed = Math.max(broken, length, number(/^Non-2xx responses:\s+(\d+)/m)) + (wanted - complete)
  const share = (percent: number): number => Number(new RegExp(`^${percent},(.*)$`, 'm').exec(table)?.[1])
  return {
    requests: complete,
    failed,
    broken,
    latency: { p50: share(50), p99: share(99) },
    problems: failed === 0 ? [] : text.split('\n').filter(line => /requests:|responses:|Connect:/.test(line))
  }
}
