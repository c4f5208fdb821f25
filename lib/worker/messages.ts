import type { AddressInfo } from 'node:net'
import type { ErrorCode } from '../errors.js'
import type { FromSharing, ToSharing } from './handoff-messages.js'

/** Where a worker listens for the master alone: a UNIX socket, or a free port of the loopback interface. */
export type Bind = { readonly socketPath: string } | { readonly host: string }

/** Where an app asked to listen: what `listen` was called with, once its host has been looked up. */
export type Asked =
  | {
      readonly kind: 'tcp'
      /** undefined: all interfaces, IPv6 and IPv4 where the machine has both. */
      readonly host: string | undefined
      readonly port: number
      /** libuv's, such as UV_TCP_IPV6ONLY. */
      readonly flags: number | undefined
    }
  | {
      readonly kind: 'path'
      readonly path: string
      /** Who else may connect: libuv's UV_READABLE, UV_WRITABLE, or both. */
      readonly mode: number
    }
  /** A file descriptor of the master. */
  | { readonly kind: 'fd'; readonly fd: number }

/** What speaks at a server that listens. `net`: it cannot be told. `h2c`: HTTP/2 without TLS. */
export type Protocol = 'http' | 'https' | 'http2' | 'h2c' | 'tls' | 'net'

/** Why a server may not listen, as Node's own error has it. */
export interface Refusal {
  readonly message: string
  readonly code: string | undefined
  readonly errno: number | undefined
  readonly syscall: string | undefined
  readonly address: string | null | undefined
  readonly port: number | undefined
  /** The same in a sentence of ours, if it is the system's; what is told where the app does not care. */
  readonly reason: string | undefined
}

/** What a worker needs to know to start. */
export interface StartMessage {
  readonly type: 'up:start'
  /** Absolute path of the user's module. */
  readonly file: string
  /** Arguments of the user's module. */
  readonly args: readonly string[]
  readonly requires: readonly string[]
  readonly title: string | undefined
  readonly assumeReady: boolean
  /** Name of the secret field that tells an http server its client; undefined: clients connect to it themselves. */
  readonly clientField: string | undefined
}

/** A worker's server wants to listen. */
export interface ListenMessage {
  readonly type: 'up:listen'
  /** Names this listening in all that follows; unlike any other of the worker's. */
  readonly id: number
  /** undefined: a server that the module exports, which leaves the address to the master. */
  readonly asked: Asked | undefined
  readonly protocol: Protocol
}

/** Clients come to the worker itself: see handoff-messages. It is to accept nothing yet. */
export interface ShareAnswer {
  readonly type: 'up:listen-on'
  readonly id: number
  /** The master's number of the port. */
  readonly port: number
  readonly backlog: number
  readonly shown: AddressInfo | undefined
}

/** The master's answer to {@link ListenMessage}. */
export type ListenAnswer =
  /** Listen there, for the master alone, which forwards; `shown` is what `server.address()` tells. */
  | {
      readonly type: 'up:listen-at'
      readonly id: number
      readonly bind: Bind
      readonly shown: AddressInfo | undefined
    }
  | ShareAnswer
  | { readonly type: 'up:listen-refused'; readonly id: number; readonly refusal: Refusal }

/** From the master to a worker. */
export type ToWorker =
  | StartMessage
  | ListenAnswer
  | ToSharing
  /** To be answered by `up:pong` with the same id. */
  | { readonly type: 'up:ping'; readonly id: number }
  /** Its work is done or its time is over: stop listening. SIGTERM follows. */
  | { readonly type: 'up:close' }

/** How a process does. */
export interface Vitals {
  /** Of one CPU, in the last second. */
  readonly cpuPercent: number
  /** What it has of the machine's memory (RSS). */
  readonly memoryBytes: number
  /** How late timers were, in milliseconds: 99 of 100 were less. */
  readonly lagMs: number
}

/** From a worker to the master. */
export type FromWorker =
  | ListenMessage
  | FromSharing
  /** It listens, at this port if it was to choose one. `http`: it reads the client field. */
  | {
      readonly type: 'up:bound'
      readonly id: number
      readonly port: number | undefined
      readonly http: boolean
    }
  /** It listens there no longer, or does not want to any more. */
  | { readonly type: 'up:unbound'; readonly id: number }
  /** It can serve. */
  | { readonly type: 'up:ready' }
  | { readonly type: 'up:pong'; readonly id: number }
  | ({ readonly type: 'up:vitals' } & Vitals)
  /** Why it is about to exit, where the reason is ours to tell. */
  | {
      readonly type: 'up:failed'
      readonly code: ErrorCode
      readonly message: string
    }

export function isListenAnswer(message: ToWorker): message is ListenAnswer {
  return message.type.startsWith('up:listen-')
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
