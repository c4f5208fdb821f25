/** What a candidate or a backend is told by its first argument, as JSON. */
export interface Setup {
  /** Where the two backends listen; a backend listens on the first. */
  readonly sockets: readonly string[]
  /** Of up: how many middlewares that do nothing stand in front. */
  readonly middlewares?: number
  /** Of up: its options of these names. */
  readonly fastPath?: boolean
  readonly transport?: 'handoff'
  /** Of up, and of nginx, which knows `combined`: whether it writes an access log to a file. */
  readonly accessLog?: 'json' | 'combined'
  /** Of node:cluster; its default is to pass connections on, one worker after the other. */
  readonly schedulingPolicy?: 'none'
}

/** The first message of a candidate or a backend. */
export type FromCandidate =
  | { readonly type: 'started'; readonly running: Processes }
  | { readonly type: 'started'; readonly unavailable: string }

export interface Processes {
  /** On 127.0.0.1. A backend has none. */
  readonly port: number
  /** The processes of the hop. */
  readonly hop: readonly number[]
  /** Its own workers; none where it forwards to the common backends. */
  readonly workers: readonly number[]
  readonly version: string | undefined
}

/** To a client process: do your work once, for so long, or until it is done. */
export type ToClient = { readonly type: 'run'; readonly seconds: number }

export type FromClient =
  /** It has connected. */
  | { readonly type: 'ready'; readonly connections: number }
  | { readonly type: 'run'; readonly report: ClientReport }

export interface ClientReport {
  /** Transfers or messages that succeeded. */
  readonly done: number
  readonly failed: number
  readonly seconds: number
  /** Connections that are open at the end. */
  readonly connections: number
}
