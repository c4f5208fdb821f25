/**
 * The errors of up-server. Match on `code`; messages are for people and may change.
 *
 * | code | meaning | HTTP status |
 * | --- | --- | --- |
 * | `UP_ERR_OPTION` | an option, or an argument of a public method, has a wrong value | - |
 * | `UP_ERR_NEXT` | `next` got something that is neither an error nor an address | 500 |
 * | `UP_ERR_NEXT_TWICE` | a middleware called `next` a second time | 500 |
 * | `UP_ERR_THROWN` | a middleware threw or rejected with something that is not an Error | 500 |
 * | `UP_ERR_HEADER` | middleware set a header field, a method or a URL that cannot be sent | 500 |
 * | `UP_ERR_BAD_REQUEST` | the client's request cannot be forwarded safely | 400 |
 * | `UP_ERR_BODY_READ` | middleware read the request's body, and then forwarded the request | 500 |
 * | `UP_ERR_CONNECT` | no connection to the upstream could be made | 502 |
 * | `UP_ERR_UPSTREAM_CLOSED` | the upstream closed its connection before the answer was whole | 502 |
 * | `UP_ERR_BAD_RESPONSE` | the upstream's answer is not valid HTTP/1.1 | 502 |
 * | `UP_ERR_UPSTREAM_TIMEOUT` | the upstream stayed silent for longer than `proxyTimeout` | 504 |
 * | `UP_ERR_CLIENT_CLOSED` | the client went away before its answer was whole | - |
 * | `UP_ERR_HOLD_FULL` | `maxHeld` requests are waiting already, for a worker or for a connection to one | 503 |
 * | `UP_ERR_HOLD_TIMEOUT` | a request waited `holdTimeout` for a worker, or for a connection to one | 503 |
 * | `UP_ERR_BALANCE` | a function in the option `balance` threw, or returned what it must not | 500 |
 * | `UP_ERR_WORKER_START` | a worker failed before it was ready | - |
 * | `UP_ERR_WORKER_EXIT` | a worker that was ready died | - |
 * | `UP_ERR_WORKER_UNRESPONSIVE` | a worker did not answer a ping within `unresponsiveTimeout` | - |
 * | `UP_ERR_RELOAD` | a reload failed; the old generation serves on | - |
 * | `UP_ERR_TRANSPORT` | what was asked for needs a master that reads requests, which `transport: 'handoff'` has not | - |
 * | `UP_ERR_STANDBY` | there is no generation that could be promoted, aborted or brought back | - |
 * | `UP_ERR_CANARY` | a canary failed more often than `autoAbort` allows, and was aborted | - |
 * | `UP_ERR_ENGINE` | the app's `engines.node` does not allow the running Node | - |
 * | `UP_ERR_EXPORT` | the module exports nothing that can serve | - |
 * | `UP_ERR_CLOSED` | the server was closed | 503 |
 * | `UP_ERR_PID_FILE` | the pid file belongs to another live process, or cannot be written | - |
 * | `UP_ERR_LISTEN` | the port is taken, not allowed, or not of this machine | - |
 * | `UP_ERR_CONTROL` | the control socket can't be opened, or nobody answers there | - |
 * | `UP_ERR_INSTANCE` | no `up` runs that could be meant, or several do | - |
 * | `UP_ERR_CONFIG` | the configuration file cannot be loaded, or says what it cannot | - |
 * | `UP_ERR_USAGE` | the command line has an unknown option, or too few or too many arguments | - |
 */
export type ErrorCode =
  | 'UP_ERR_OPTION'
  | 'UP_ERR_NEXT'
  | 'UP_ERR_NEXT_TWICE'
  | 'UP_ERR_THROWN'
  | 'UP_ERR_HEADER'
  | 'UP_ERR_BAD_REQUEST'
  | 'UP_ERR_BODY_READ'
  | 'UP_ERR_CONNECT'
  | 'UP_ERR_UPSTREAM_CLOSED'
  | 'UP_ERR_BAD_RESPONSE'
  | 'UP_ERR_UPSTREAM_TIMEOUT'
  | 'UP_ERR_CLIENT_CLOSED'
  | 'UP_ERR_HOLD_FULL'
  | 'UP_ERR_HOLD_TIMEOUT'
  | 'UP_ERR_BALANCE'
  | 'UP_ERR_WORKER_START'
  | 'UP_ERR_WORKER_EXIT'
  | 'UP_ERR_WORKER_UNRESPONSIVE'
  | 'UP_ERR_RELOAD'
  | 'UP_ERR_TRANSPORT'
  | 'UP_ERR_STANDBY'
  | 'UP_ERR_CANARY'
  | 'UP_ERR_ENGINE'
  | 'UP_ERR_EXPORT'
  | 'UP_ERR_CLOSED'
  | 'UP_ERR_PID_FILE'
  | 'UP_ERR_LISTEN'
  | 'UP_ERR_CONTROL'
  | 'UP_ERR_INSTANCE'
  | 'UP_ERR_CONFIG'
  | 'UP_ERR_USAGE'

/** Base of every error that up-server makes. */
export class UpError extends Error {
  override readonly name: string = 'UpError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** An option or argument has a wrong value: the message names it, the value and the expected form. */
export class OptionError extends UpError {
  override readonly name = 'OptionError'
  readonly option: string

  constructor(option: string, value: unknown, expected: string, cause?: unknown) {
    super('UP_ERR_OPTION', `${option} is ${show(value)}, but must be ${expected}`, { cause })
    this.option = option
  }
}

/** A request could not be served by its upstream. */
export class UpstreamError extends UpError {
  override readonly name = 'UpstreamError'
}

/** A worker failed. `stderr` is the end of what the worker itself wrote there. */
export class WorkerError extends UpError {
  override readonly name = 'WorkerError'
  readonly stderr: string

  constructor(code: ErrorCode, message: string, stderr = '', cause?: unknown) {
    super(code, stderr === '' ? message : `${message}\n${stderr}`, { cause })
    this.stderr = stderr
  }
}

/** A reload failed and the old generation serves on. `stderr` is what the failed worker wrote. */
export class ReloadError extends UpError {
  override readonly name = 'ReloadError'
  readonly stderr: string

  constructor(message: string, cause: unknown) {
    super('UP_ERR_RELOAD', message, { cause })
    this.stderr = cause instanceof WorkerError ? cause.stderr : ''
  }
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  UP_ERR_BAD_REQUEST: 400,
  UP_ERR_CONNECT: 502,
  UP_ERR_UPSTREAM_CLOSED: 502,
  UP_ERR_BAD_RESPONSE: 502,
  UP_ERR_UPSTREAM_TIMEOUT: 504,
  UP_ERR_HOLD_FULL: 503,
  UP_ERR_HOLD_TIMEOUT: 503,
  UP_ERR_CLOSED: 503
}

/** The HTTP status that answers a request which failed with `error`: 500 unless the code has its own. */
export function statusOf(error: unknown): number {
  return (error instanceof UpError ? STATUS[error.code] : undefined) ?? 500
}

/** What an error says: where it is one for each address of a host, which node:net leaves without words, what these say. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** A value as an error message shows it: short, on one line, strings in quotes. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 200 ? value.slice(0, 200) + '...' : value)
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`
  if (value instanceof URL) return value.href.slice(0, 200)
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`.slice(0, 200)
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value)
    return keys.length === 0 ? 'an empty object' : `an object with the keys ${keys.slice(0, 8).join(', ')}`
  }
  return String(value)
}
