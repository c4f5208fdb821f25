import type { Candidate } from '../options/balance.js'
import type { Kind } from './job.js'

/** What requests are given to: a worker, or a server that somebody else started. */
export interface Backend extends Candidate {
  /** Of a worker. */
  readonly pid?: number | undefined
  /** Of a server that somebody else started. */
  readonly name?: string
  /** Whether it is there for the case that no other is. */
  readonly backup?: boolean
  /** How often a request that it broke off, and that may be repeated, is repeated. Default 1. */
  readonly repeats?: number
  /** Whether it serves, as far as is known. */
  readonly serves: boolean
  /** Counts a request or upgrade that it is given: in the tick of its selection. */
  claim(kind: Kind): void
  /** Counts the end of what was claimed. */
  release(kind: Kind): void
  /** Resolves when it has shown that it lives, when it is gone, or when the time is over. */
  signOfLife(timeoutMs: number): Promise<void>
  /** Looks once more before it gets a request; false: it takes none any more, and has said so to its owner. */
  verify?(): boolean
  /** It refused a connection; from now on it takes no requests, and has said so to its owner. */
  refused?(cause: unknown): void
}
