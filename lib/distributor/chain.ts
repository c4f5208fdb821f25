import { show, UpError } from '../errors.js'
import type { AddressTarget } from '../options/address.js'
import { readNext } from './target.js'
import type { Address } from '../proxy/address.js'

/** `next()` goes on, `next(error)` enters the error stack, any address forwards the request there. */
export interface Next {
  (error?: unknown): void
  (port: number | string, host?: string): void
  (target: AddressTarget): void
}

/** A function of a stack, whatever its parameters are. */
export type Handler = (this: unknown, ...args: never[]) => unknown

/** One pass of a request through a stack. */
export interface Run {
  /** Read anew at each step: a function that is added meanwhile still takes part. */
  readonly stack: readonly Handler[]
  /** The handler behind the stack. */
  readonly last: Handler
  readonly self: object
  /** The parameters before `next`; each that is an object gets it as its property `.next`, too. */
  readonly params: readonly unknown[]
  /** For messages: `GET /path`. */
  readonly subject: string
  /** Also told which function of the stack failed. */
  readonly onError: (error: unknown, index: number) => void
  readonly onForward: (address: Address) => void
}

/** Runs a stack, from `index` on. Whatever a function throws, or its promise rejects with, goes to `onError`. */
export function runChain(run: Run, index = 0): void {
  step(run, index)
}

function step(run: Run, index: number): void {
  const handler = run.stack[index] ?? run.last
  let called = false

  const next: Next = (value?: unknown, host?: unknown): void => {
    if (called) throw calledTwice(run, handler)
    called = true
    const read = readNext(value, host)
    if (read.kind === 'error') run.onError(read.error, index)
    else if (read.kind === 'forward') run.onForward(read.address)
    else step(run, index + 1)
  }
  for (const param of run.params) attachNext(param, next)

  try {
    const result = handler.apply(run.self, [...run.params, next] as never[])
    if (isThenable(result))
      result.then(undefined, (error: unknown) => run.onError(asError(run, handler, error), index))
  } catch (error) {
    run.onError(asError(run, handler, error), index)
  }
}

function attachNext(param: unknown, next: Next): void {
  // Not by assignment, which throws where the object is frozen or has a `next` of its own.
  if (typeof param === 'object' && param !== null) Reflect.set(param, 'next', next)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function asError(run: Run, handler: Handler, thrown: unknown): unknown {
  if (thrown instanceof Error) return thrown
  const message = `the middleware ${nameOf(handler)} threw ${show(thrown)} for ${run.subject}`
  return new UpError('UP_ERR_THROWN', message, { cause: thrown })
}

function calledTwice(run: Run, handler: Handler): UpError {
  return new UpError(
    'UP_ERR_NEXT_TWICE',
    `next was called more than once by ${nameOf(handler)} for ${run.subject}`
  )
}

/** The function's name, or the beginning of its text: enough to find it. */
function nameOf(handler: Handler): string {
  return handler.name !== '' ? handler.name : handler.toString().replace(/\s+/g, ' ').slice(0, 120)
}
