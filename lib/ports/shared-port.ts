import type { SendHandle } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { bindHandle, type ServerHandle } from '../handles/server-handle.js'
import type { Listening } from '../worker/listening.js'
import type { Asked } from '../worker/messages.js'
import { systemError } from './listen-error.js'
import { replacingStale } from './open-server.js'
import { shownTo, type Port } from './port.js'

/**
 * One listening socket from which all workers accept connections themselves. The master keeps it, so that it
 * outlives each of them, and never accepts from it.
 */
export class SharedPort implements Port {
  readonly #asked: Asked
  #handle: ServerHandle | undefined

  constructor(asked: Asked) {
    this.#asked = asked
  }

  get address(): AddressInfo | string | null {
    if (this.#asked.kind === 'path') return this.#asked.path
    const address: Partial<AddressInfo> = {}
    const error = this.#handle?.getsockname?.(address)
    return error === 0 ? (address as AddressInfo) : null
  }

  async open(): Promise<void> {
    this.#handle = await replacingStale(this.#asked, () => bound(this.#asked))
  }

  admit(listening: Listening): void {
    // That it is one that can be sent is not in its public type.
    listening.listenOn(this.#handle as unknown as SendHandle, shownTo(listening, this.address))
  }

  close(): Promise<void> {
    this.#handle?.close()
    this.#handle = undefined
    return Promise.resolve()
  }
}

function bound(asked: Asked): ServerHandle {
  const handle = bindHandle(...argsOf(asked))
  if (typeof handle === 'number') throw systemError(handle, asked)
  if (asked.kind === 'path' && asked.mode !== 0) handle.fchmod?.(asked.mode)
  return handle
}

function argsOf(asked: Asked): Parameters<typeof bindHandle> {
  if (asked.kind === 'fd') return [null, null, null, asked.fd, undefined]
  if (asked.kind === 'path') return [asked.path, -1, -1, undefined, undefined]
  const { host, port, flags } = asked
  return [host ?? null, port, host?.includes(':') === true ? 6 : 4, undefined, flags]
}
