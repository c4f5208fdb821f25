/** Where a worker listens: a UNIX socket, or a free port of the loopback interface. */
export type Bind = { readonly socketPath: string } | { readonly host: string }

/** What a worker needs to know to start. */
export interface StartMessage {
  readonly type: 'up:start'
  /** Absolute path of the user's module. */
  readonly file: string
  /** Arguments of the user's module. */
  readonly args: readonly string[]
  readonly requires: readonly string[]
  readonly bind: Bind
  readonly title: string | undefined
  readonly assumeReady: boolean
  /** Name of the secret field that tells an http server its client. */
  readonly clientField: string
}

/** From the master to a worker. */
export type ToWorker =
  | StartMessage
  /** To be answered by `up:pong` with the same id. */
  | { readonly type: 'up:ping'; readonly id: number }
  /** Its work is done or its time is over: stop listening. SIGTERM follows. */
  | { readonly type: 'up:close' }

/** From a worker to the master. */
export type FromWorker =
  /** It listens, at this port if it was to choose one. `http`: it reads the client field. */
  | { readonly type: 'up:bound'; readonly port: number | undefined; readonly http: boolean }
  /** It can serve. */
  | { readonly type: 'up:ready' }
  | { readonly type: 'up:pong'; readonly id: number }
  /** Why it is about to exit, where the reason is ours to tell. */
  | {
      readonly type: 'up:failed'
      readonly code: 'UP_ERR_EXPORT' | 'UP_ERR_WORKER_START'
      readonly message: string
    }

/** Tells our messages from those of the user's own module. */
export function isOurs(message: unknown): message is ToWorker | FromWorker {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string' &&
    message.type.startsWith('up:')
  )
}
