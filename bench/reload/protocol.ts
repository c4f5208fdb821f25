/** From the bench to a master under test; each is answered by the message of the same type. */
export type ToMaster =
  | { readonly type: 'reload' }
  /** The answer tells what was seen since the last one. */
  | { readonly type: 'gauge' }
  | { readonly type: 'stop' }

/** From a master under test to the bench. */
export type FromMaster =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'reload'; readonly tookMs: number }
  | { readonly type: 'gauge'; readonly reading: Reading }
  | { readonly type: 'stop' }
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
