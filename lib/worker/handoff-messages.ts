/** What a connection brings along when it goes to another worker. */
export interface Luggage {
  /** Whether it has had a request. */
  readonly used: boolean
  /** How long it may stay quiet yet, in milliseconds; undefined: for ever. */
  readonly leftMs: number | undefined
}

/** What a worker does with the connections that it accepts itself. */
export interface Load {
  /** Open ones. */
  readonly connections: number
  /** Requests under way. */
  readonly requests: number
  /** Connections that are another protocol's by now, such as WebSockets. */
  readonly upgrades: number
  /** Requests that it was given, in all. */
  readonly served: number
}

/** Answers that a worker has given by itself, since it last told. */
export interface AnswerReport {
  /** How many, by the first figure of the status. */
  readonly classes: readonly number[]
  /** How long some of them took, in milliseconds; and how many each stands for. */
  readonly took: readonly (readonly [tookMs: number, count: number])[]
}

/** From the master to a worker that accepts connections from shared listening handles. */
export type ToSharing =
  /** Listen on this handle, and let go of it: from then on connections wait until somebody accepts them. */
  | { readonly type: 'up:prime'; readonly port: number; readonly backlog: number }
  /** Accept connections: with the handle; or without one, as the master accepts and sends them. */
  | { readonly type: 'up:accept'; readonly port: number }
  /**
   * Accept nothing for now, and send quiet connections back. To be answered by `up:quiet` with the same id. Those that
   * cannot move end soon; `hold`: they are not read until `up:go-on`.
   */
  | { readonly type: 'up:pause'; readonly id: number; readonly hold: boolean }
  /** Read again from all connections. */
  | { readonly type: 'up:go-on' }
  /** Accept nothing any more. `give`: send quiet connections back; else close them. */
  | { readonly type: 'up:retire'; readonly give: boolean }
  /** Send back so many quiet connections. */
  | { readonly type: 'up:yield'; readonly count: number }
  /** Answer when all that was sent before is done: what has not been adopted by then has not arrived. */
  | { readonly type: 'up:settle'; readonly id: number }
  /** A connection is this worker's from now on; with its handle. */
  | ({ readonly type: 'up:adopt'; readonly id: number; readonly port: number } & Luggage)

/** From such a worker to the master. */
export type FromSharing =
  | { readonly type: 'up:primed'; readonly port: number; readonly error: number }
  /** A quiet connection comes back; with its socket. */
  | ({ readonly type: 'up:connection'; readonly port: number } & Luggage)
  /** It has taken the connection, and is about to read from it. */
  | { readonly type: 'up:adopted'; readonly id: number }
  /** The answer to `up:settle`. */
  | { readonly type: 'up:settled'; readonly id: number }
  /** It does not take it: it has no server for it. */
  | { readonly type: 'up:declined'; readonly id: number }
  | ({ readonly type: 'up:load'; readonly answers?: AnswerReport } & Load)
  /** It was told to pause, and has no request under way. */
  | { readonly type: 'up:quiet'; readonly id: number }
  /** It was told to retire, and has sent all its quiet connections back: others follow when they are quiet. */
  | { readonly type: 'up:moved' }
  /** It was told to retire, and has no connection any more. */
  | { readonly type: 'up:drained' }
