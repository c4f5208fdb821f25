import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Latency } from './result.js'

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
  /** What ab calls failed, requests with another status than 2xx, and those that are missing at the end. */
  readonly failed: number
  /** Of the failed ones, those whose connection could not be made or broke. */
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

/** Runs ab once, to its end. */
export async function runAb(options: AbOptions): Promise<AbReport> {
  const folder = mkdtempSync(join(tmpdir(), 'up-bench-'))
  const table = join(folder, 'percentiles.csv')
  // -r: goes on when a connection breaks, and counts it.
  const args = ['-q', '-r', '-s', '30', '-n', options.requests, '-c', options.concurrency, '-e', table]
  if (options.keepAlive) args.push('-k')
  args.push(`http://127.0.0.1:${options.port}/`)
  try {
    const { stdout } = await run('ab', args.map(String), { timeout: LIMIT_MS, maxBuffer: 1 << 24 })
    return readReport(stdout, readFileSync(table, 'utf8'), options.requests)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(text: string, table: string, wanted: number): AbReport {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)
  const complete = number(/^Complete requests:\s+(\d+)/m)
  const failed =
    number(/^Failed requests:\s+(\d+)/m) + number(/^Non-2xx responses:\s+(\d+)/m) + (wanted - complete)
  const kinds = /\(Connect: (\d+), Receive: (\d+), Length: \d+, Exceptions: (\d+)\)/.exec(text)
  const broken = kinds === null ? 0 : kinds.slice(1).reduce((sum, count) => sum + Number(count), 0)
  const share = (percent: number): number => Number(new RegExp(`^${percent},(.*)$`, 'm').exec(table)?.[1])
  return {
    requests: complete,
    failed,
    broken,
    latency: { p50: share(50), p99: share(99) },
    problems: failed === 0 ? [] : text.split('\n').filter(line => /requests:|responses:|Connect:/.test(line))
  }
}
