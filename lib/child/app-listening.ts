import { errorMonitor } from 'node:events'
import { isIPv6, type AddressInfo, type Server as NetServer } from 'node:net'
import { UpError } from '../errors.js'
import type { RawHandle } from '../handles/raw-handle.js'
import type { Asked, Bind, Protocol, Refusal, ShareAnswer } from '../worker/messages.js'
import { keepConnections } from './keep-connections.js'
import { PendingHandle } from './pending-handle.js'
import type { Sharing } from './shared/sharing.js'
import { isAnswering, isHttp, protocolOf, takePlainConnections } from './servers.js'

/** Arguments of node:net's `_listen2`: what is left of `listen` once they have been checked and looked up. */
export type Listen2Args = readonly [
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number | undefined,
  fd: number | undefined,
  flags: number | undefined
]

/** What node:net keeps inside a server. */
export interface ListeningServer extends NetServer {
  _handle: RawHandle | null
  _connectionKey: string
}

export type Listen2 = (this: ListeningServer, ...args: Listen2Args) => void

/** So many connections may wait to be accepted where the master connects: a burst must not fail. */
const PRIVATE_BACKLOG = 4096

export interface AppListeningHooks {
  /** Names it to the master. */
  readonly id: number
  /** What node:net itself does. */
  readonly listen2: Listen2
  /** It listens no longer, or is closed before it could. */
  readonly onClose: () => void
  /** Whether processes that the app forked take its connections, which are of HTTP. */
  readonly isClusterHttp?: boolean
}

/** A server of the app's that listens: where it asked to, as far as it can see. */
export class AppListening {
  readonly id: number
  readonly protocol: Protocol
  /** Whether it can be told its clients. */
  readonly http: boolean
  readonly #server: ListeningServer
  readonly #args: Listen2Args
  readonly #hooks: AppListeningHooks
  readonly #pending: PendingHandle

  constructor(server: ListeningServer, args: Listen2Args, hooks: AppListeningHooks) {
    this.#server = server
    this.#args = args
    this.#hooks = hooks
    this.id = hooks.id
    const { isClusterHttp = false } = hooks
    this.protocol = isClusterHttp ? 'http' : protocolOf(server)
    this.http = isClusterHttp || isHttp(server)
    this.#pending = new PendingHandle(presumed(args), hooks.onClose)
    server._handle = this.#pending
  }

  /** Whether anybody answers there; to be asked before it listens. */
  get isAnswering(): boolean {
    return isAnswering(this.#server)
  }

  get asked(): Asked {
    const [address, port, addressType, , fd, flags] = this.#args
    if (fd !== undefined && fd >= 0) return { kind: 'fd', fd }
    if (addressType === -1) return { kind: 'path', path: address ?? '', mode: this.#pending.mode }
    return { kind: 'tcp', host: address ?? undefined, port: port ?? 0, flags }
  }

  /**
   * Listens for the master alone.
   *
   * @returns the port, unless it is a UNIX socket; undefined where it cannot listen, which the app hears
   */
  listenAt(bind: Bind, shown: AddressInfo | undefined): { port: number | undefined } | undefined {
    if (isHttp(this.#server)) keepConnections(this.#server)
    if (this.protocol === 'https') takePlainConnections(this.#server as never)
    const where: Listen2Args =
      'socketPath' in bind
        ? [bind.socketPath, -1, -1, PRIVATE_BACKLOG, undefined, undefined]
        : [bind.host, 0, 4, PRIVATE_BACKLOG, undefined, undefined]
    const handle = this.#listen(null, where)
    if (handle === undefined) return undefined
    const own: Partial<AddressInfo> = {}
    handle.getsockname?.(own)
    handle.getsockname = shown && (out => (Object.assign(out, shown), 0))
    return { port: own.port }
  }

  /** Listens on a port that it shares with other workers. */
  listenOn(sharing: Sharing, { port, backlog, shown }: ShareAnswer): void {
    const server = this.#server
    const { listen2, onClose } = this.#hooks
    const listen = (): void => {
      listen2.apply(server, [...this.#args])
      this.#nameConnections()
    }
    sharing.share(server, { port, backlog, shown, listen, onClose })
  }

  /** The app hears of it as it would without us. Where nobody listens, Node would end the process: so does `fail`. */
  refuse({ message, reason, ...known }: Refusal, fail: (error: UpError) => void): void {
    const server = this.#server
    server._handle = null
    const error = new Error(message)
    for (const [name, value] of Object.entries(known)) {
      if (value !== undefined) Object.assign(error, { [name]: value })
    }
    process.nextTick(() => {
      if (reason === undefined || isHeard(server)) server.emit('error', error)
      else fail(new UpError('UP_ERR_LISTEN', reason))
    })
  }

  /** @returns what it listens with; undefined if that failed, of which `error` tells */
  #listen(handle: RawHandle | null, args: Listen2Args): RawHandle | undefined {
    const server = this.#server
    server._handle = handle
    this.#hooks.listen2.apply(server, [...args])
    if (server._handle === null) return undefined
    this.#nameConnections()
    const own = server._handle
    const close = own.close.bind(own)
    own.close = callback => {
      this.#hooks.onClose()
      close(callback)
    }
    return own
  }

  #nameConnections(): void {
    const [address, port, addressType] = this.#args
    this.#server._connectionKey = `${addressType}:${address}:${port}`
  }
}

/** The address that the server will show, as far as that is known without the master. */
function presumed([address, port, addressType]: Listen2Args): AddressInfo | undefined {
  if (addressType === -1 || port === null) return undefined
  const host = address ?? '::'
  return { address: host, family: isIPv6(host) ? 'IPv6' : 'IPv4', port }
}

/** Whether anybody in this process would hear of an error of the server's. */
function isHeard(server: ListeningServer): boolean {
  const events = ['uncaughtException', 'uncaughtExceptionMonitor'] as const
  return (
    server.listenerCount('error') + server.listenerCount(errorMonitor) > 0 ||
    events.some(event => process.listenerCount(event) > 0) ||
    process.hasUncaughtExceptionCaptureCallback()
  )
}
