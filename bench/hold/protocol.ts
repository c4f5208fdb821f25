/** What the proxy under test is told by its first argument, as JSON. */
export interface ProxySetup {
  readonly target: string
  readonly fastPath: boolean
  /** The file that gets the ids of requests as they are sent to the backend. */
  readonly log: string | undefined
}

/** To the proxy; each is answered by the message of the same type. */
export type ToProxy =
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** `collect`: garbage does not count. */
  | { readonly type: 'gauge'; readonly collect: boolean }

export type FromProxy =
  | { readonly type: 'pause' }
  /** When nothing was held any more. */
  | { readonly type: 'resume'; readonly tookMs: number }
  | { readonly type: 'gauge'; readonly reading: Reading }

/** In bytes. */
export interface Reading {
  readonly rss: number
  readonly heap: number
  /** What was read and is kept, outside the heap. */
  readonly buffers: number
  /** Requests that are held. */
  readonly held: number
}

/** What a backend is told by its first argument, as JSON. */
export interface BackendSetup {
  /** A port, 0 for any free one, or the path of a UNIX socket. */
  readonly place: string
  /** The file that gets a line for each request that begins. */
  readonly log: string | undefined
  /** How long each answer takes. */
  readonly workMs: number
}

export type FromBackend = { readonly type: 'listening'; readonly place: string; readonly pid: number }

/** What a load process is told by its first argument, as JSON. */
export interface LoadSetup {
  readonly port: number
  /** Requests a second, whatever becomes of those before. */
  readonly rate: number
  /** `echo`: the backend of this bench. `people`: the example `migration`. */
  readonly app: 'echo' | 'people'
}

export type ToLoad = { readonly type: 'start' } | { readonly type: 'stop' }

export type FromLoad =
  { readonly type: 'start' } | { readonly type: 'stop'; readonly records: readonly LoadRecord[] }

/** One request; times by `clock()`. */
export interface LoadRecord {
  readonly id: number
  readonly method: 'GET' | 'POST'
  /** When it was to be sent: what it takes counts from here. */
  readonly dueAt: number
  /** When its head was written to a connection that stands. */
  readonly sentAt: number
  readonly endedAt: number
  /** 0: there was no answer. */
  readonly status: number
  /** Undefined: the answer is right. */
  readonly failure: string | undefined
}

/** What a crowd is told by its first argument, as JSON: many connections that send a request each. */
export interface CrowdSetup {
  readonly port: number
  readonly connections: number
  /** Of each request's body; 0: a GET. */
  readonly bodyBytes: number
}

/** `connect`: each sends a first, short request. `send`: each sends its request. `finish`: each has its answer. */
export type ToCrowd = { readonly type: 'connect' | 'send' | 'finish' }

export type FromCrowd =
  | { readonly type: 'connect' }
  /** How many bytes the system took, where no more are taken. */
  | { readonly type: 'send'; readonly bytes: number }
  | { readonly type: 'finish'; readonly failed: number; readonly problems: readonly string[] }
