import { sourceFile } from './source-file.js'
import type { Workshop } from '../common/workshop.js'

export interface WrkOptions {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /** POSTs of JSON instead of GETs. */
  readonly json?: boolean
}

export interface WrkReport {
  /** Answered, with any status. */
  readonly requests: number
  readonly seconds: number
  /** Answers with a status from 400 on. */
  readonly statuses: number
  /** Connections that failed or broke, and requests that took too long. */
  readonly broken: number
  /** In milliseconds. */
  readonly p50: number
  readonly p99: number
}

const PATIENCE_S = 10

/** Runs wrk once, to its end. */
export async function runWrk(
  workshop: Workshop,
  { port, connections, seconds, json = false }: WrkOptions
): Promise<WrkReport> {
  const args = ['-t', 1, '-c', connections, '-d', `${seconds}s`, '--timeout', `${PATIENCE_S}s`]
  args.push('-s', sourceFile('wrk.lua'), `http://127.0.0.1:${port}/`, '--', ...(json ? ['json'] : []))
  const output = await workshop.run('wrk', args.map(String), (seconds + PATIENCE_S) * 1000 * 2)
  const line = output.split('\n').find(text => text.startsWith('{"requests"'))
  if (line === undefined) throw new Error(`wrk reports nothing:\n${output}`)
  return JSON.parse(line) as WrkReport
}
