import type { Strategy } from 'up-server'

/** What a master under test is told by its first argument, as JSON. */
export interface Setup {
  readonly workers: number
  /** How long an old worker of somebody else's may take to leave, in milliseconds. */
  readonly graceMs: number
  /** Of up. */
  readonly strategy?: Strategy
  readonly transport?: 'handoff'
}

/** From the bench to a master under test; each is answered by the message of the same type. */
export type ToMaster =
  | { readonly type: 'reload' }
  /** Answered when no worker from before the last reload is left. */
  | { readonly type: 'settle' }
  /** The answer tells what was seen since the last one. */
  | { readonly type: 'gauge' }

/** From a master under test to the bench. */
export type FromMaster =
  | { readonly type: 'started'; readonly running: { readonly port: number; readonly version?: string } }
  | { readonly type: 'started'; readonly unavailable: string }
  | { readonly type: 'reload'; readonly tookMs: number }
  /** Since the reload began; Infinity, if there still were too many when the patience was over. */
  | { readonly type: 'settle'; readonly tookMs: number }
  | { readonly type: 'gauge'; readonly reading: Reading }
  | { readonly type: 'failed'; readonly message: string }

/** What a master shows of itself; memory in bytes. */
export interface Reading {
  readonly rss: number
  readonly peakRss: number
  /** All live worker processes, retired ones included. */
  readonly workers: number
  readonly peakWorkers: number
  /** Open files, sockets and pipes; -1 where the system does not tell. */
  readonly descriptors: number
}

/** From the bench to a load process; a report answers `stop`. */
export type ToLoad =
  | {
      readonly type: 'start'
      readonly port: number
      /** Keep-alive connections that send GETs. */
      readonly connections: number
      /** Keep-alive connections that send POSTs: Content-Length and chunked in turn. */
      readonly uploads: number
    }
  | { readonly type: 'stop' }

/** From a load process to the bench. */
export type FromLoad =
  | { readonly type: 'start' }
  | { readonly type: 'stop'; readonly report: LoadReport }
  | { readonly type: 'failed'; readonly message: string }

/** What a load process has seen. */
export interface LoadReport {
  readonly requests: number
  readonly uploads: number
  readonly failed: number
  /** Connections that the server closed without having said so on the answer before. */
  readonly broken: number
  /** Connections that the server closed as it had said, by `Connection: close`. */
  readonly announced: number
  /** Of each GET that succeeded, in milliseconds. */
  readonly latencies: Float64Array
  /** The first few failures in words. */
  readonly problems: readonly string[]
}

/** From the bench to the process that holds idle connections; `ready` comes without being asked for. */
export type ToIdle = { readonly type: 'use' }

export type FromIdle =
  { readonly type: 'ready'; readonly opened: number } | { readonly type: 'use'; readonly report: IdleReport }

export interface IdleReport {
  readonly used: IdleCount
  readonly unused: IdleCount
  /** Of each request at the end that succeeded, in milliseconds. */
  readonly latencies: Float64Array
  /** The first few failures in words. */
  readonly problems: readonly string[]
}

/** What became of idle connections. */
export interface IdleCount {
  readonly opened: number
  /** Closed by the server before the end. */
  readonly closed: number
  /** Were open, and the request at the end had its answer. */
  readonly usable: number
}
