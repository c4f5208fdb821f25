import type { AddressInfo } from 'node:net'
import { bindHandle } from '../handles/bind-handle.js'
import { nameOf, type RawHandle } from '../handles/raw-handle.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import { systemError } from './listen-error.js'
import { replacingStale } from './open-server.js'
import { shownTo, type Port } from './port.js'

/** A listening socket from which workers accept connections themselves. */
export interface Shared {
  /** The workers know it by this. */
  readonly number: number
  readonly backlog: number
  /** What workers accept from; undefined: the master accepts, and gives each connection away. */
  readonly handle: RawHandle | undefined
}

/** What looks after the connections of shared ports. */
export interface PortUsers {
  /** Resolves when some process has listened on the handle: from then on connections can come. */
  prime(port: Shared): Promise<void>
  /** Workers whose servers were told so before can accept from now on. */
  onOpened(port: Shared): void
  /** Tells a worker's server that it listens. */
  admit(port: Shared, listening: Listening, shown: AddressInfo | undefined): void
  /** No worker is to accept any more. */
  onClosed(port: Shared): void
}

/** Connections that may wait to be accepted: Node's own 511 overflow at 1,000 concurrent connects. */
export const BACKLOG = 4096

/**
 * One listening socket from which all workers accept connections themselves. The master keeps it, so that it
 * outlives each of them, and never accepts from it.
 */
export class SharedPort implements Port, Shared {
  readonly number: number
  readonly backlog: number = BACKLOG
  readonly #users: PortUsers
  readonly #asked: Asked
  readonly #makeRoom: (() => void) | undefined
  #handle: RawHandle | undefined

  /** @param makeRoom called before it is opened */
  constructor(number: number, asked: Asked, users: PortUsers, makeRoom?: () => void) {
    this.number = number
    this.#makeRoom = makeRoom
    this.#asked = asked
    this.#users = users
  }

  get handle(): RawHandle | undefined {
    return this.#handle
  }

  get address(): AddressInfo | string | null {
    if (this.#asked.kind === 'path') return this.#asked.path
    return this.#handle === undefined ? null : addressOf(this.#handle)
  }

  async open(): Promise<void> {
    this.#makeRoom?.()
    this.#handle = await replacingStale(this.#asked, () => bound(this.#asked))
    await this.#users.prime(this)
    this.#users.onOpened(this)
  }

  admit(listening: Listening): void {
    this.#users.admit(this, listening, shownTo(listening, this.address, this.#asked))
  }

  close(): Promise<void> {
    this.#handle?.close()
    this.#handle = undefined
    this.#users.onClosed(this)
    return Promise.resolve()
  }
}

/** What a handle of TCP is bound to; null: it is not, or of a UNIX socket. */
export function addressOf(handle: RawHandle): AddressInfo | null {
  const name = nameOf(handle)
  return 'port' in name ? (name as unknown as AddressInfo) : null
}

function bound(asked: Asked): RawHandle {
  const handle = bindHandle(...argsOf(asked))
  if (typeof handle === 'number') throw systemError(handle, asked)
  if (asked.kind === 'path' && asked.mode !== 0) handle.fchmod?.(asked.mode)
  return handle
}

/** As node:net asks for a handle. */
export function argsOf(asked: Asked): Parameters<typeof bindHandle> {
  if (asked.kind === 'fd') return [null, null, null, asked.fd, undefined]
  if (asked.kind === 'path') return [asked.path, -1, -1, undefined, undefined]
  const { host, port, flags } = asked
  return [host ?? null, port, host?.includes(':') === true ? 6 : 4, undefined, flags]
}
