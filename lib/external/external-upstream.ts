import { EventEmitter } from 'eventemitter3'
import { setTimeout as delay } from 'node:timers/promises'
import { UpstreamError } from '../errors.js'
import type { UpstreamSpec } from '../options/upstream.js'
import { BROKEN_PAUSE_MS } from '../proxy/connection-pool.js'
import type { Address } from '../proxy/address.js'
import { SocketFile } from '../proxy/socket-file.js'
import { HealthWatch, type HealthWatchOptions } from './health-watch.js'
import { HostAddresses } from './host-addresses.js'

/**
 * `available`: it gets requests. `unavailable`: it refused a connection, or failed its health checks; it is probed.
 * `draining`: it gets no new requests. `removed`: it is none of ours any more.
 */
export type UpstreamState = 'available' | 'unavailable' | 'draining' | 'removed'

/** One upstream as plain data. */
export interface UpstreamStatus {
  /** Its address as text: `localhost:2000`, `unix:/tmp/app.sock`. */
  readonly name: string
  readonly state: UpstreamState
  /** Why it is unavailable. */
  readonly reason: string | null
  /** Since when it is in this state, in milliseconds since the epoch. */
  readonly since: number
  readonly backup: boolean
  readonly weight: number
  /** Requests that it is answering, or that wait for a connection to it. */
  readonly inFlight: number
  /** Open upgrades, such as WebSockets. */
  readonly upgrades: number
  /** Requests and upgrades that it was given, in all. */
  readonly requests: number
}

interface ExternalUpstreamEvents {
  available: () => void
  unavailable: (reason: Error) => void
  /** Connections that stand may lead to somebody who is not meant any more: none of them is to be used again. */
  renew: () => void
  /** Nothing is in flight there. */
  quiet: () => void
}

/** A request that is broken off, and may be repeated, is repeated so often: each time after a pause. */
const REPEATS = 3

/** A server that somebody else started. */
export class ExternalUpstream extends EventEmitter<ExternalUpstreamEvents> {
  readonly name: string
  readonly address: Address
  readonly backup: boolean
  readonly weight: number
  /** Number of its place among the upstreams, from 0. */
  readonly slot: number
  /** Nobody here starts it. */
  readonly generation = 0
  /** Its end does not show but by this: see {@link signOfLife}. */
  readonly repeats = REPEATS
  inFlight = 0
  upgrades = 0
  requests = 0
  #state: UpstreamState = 'available'
  #reason: Error | undefined
  #since = Date.now()
  readonly #file: SocketFile | undefined
  readonly #host: HostAddresses | undefined
  readonly #health: HealthWatch

  /** @param isLast whether no other upstream is available */
  constructor(
    spec: UpstreamSpec,
    slot: number,
    options: HealthWatchOptions,
    isLast: (upstream: ExternalUpstream) => boolean
  ) {
    super()
    this.name = spec.name
    this.address = spec.address
    this.backup = spec.backup
    this.weight = spec.weight
    this.slot = slot
    const { address } = spec
    if (address.socketPath === undefined) {
      this.#host = new HostAddresses(address.host, () => this.emit('renew'))
    } else {
      this.#file = new SocketFile(address.socketPath)
    }
    this.#health = new HealthWatch(address, options, {
      isLast: () => isLast(this),
      hasMoved: () => this.#file?.look() === 'other',
      onWell: () => this.#enter('available'),
      onIll: error => this.#enter('unavailable', error)
    })
  }

  get state(): UpstreamState {
    return this.#state
  }

  get serves(): boolean {
    return this.#state === 'available'
  }

  /** Whether it is out of rotation only because it was slow to answer a health check. */
  get isMerelySlow(): boolean {
    return this.#state === 'unavailable' && this.#health.isMerelySlow
  }

  get status(): UpstreamStatus {
    const { name, state, backup, weight, inFlight, upgrades, requests } = this
    const reason = state === 'unavailable' ? (this.#reason?.message ?? null) : null
    return { name, state, reason, since: this.#since, backup, weight, inFlight, upgrades, requests }
  }

  /** Begins to look after it. */
  start(): void {
    this.#health.start()
  }

  claim(kind: 'request' | 'upgrade'): void {
    this.requests++
    if (kind === 'request') this.inFlight++
    else this.upgrades++
  }

  release(kind: 'request' | 'upgrade'): void {
    if (kind === 'request') this.inFlight--
    else this.upgrades--
    if (this.inFlight === 0 && this.upgrades === 0) this.emit('quiet')
  }

  /**
   * A process that is killed loses its connections before its listener: whoever connects to it within that time is
   * accepted by the dead.
   */
  async signOfLife(): Promise<void> {
    await delay(BROKEN_PAUSE_MS)
  }

  /** Looks whether its socket is still the one that it was: see {@link SocketFile}. */
  verify(): boolean {
    if (this.#state !== 'available') return false
    switch (this.#file?.look()) {
      case 'missing':
        this.#health.refuse(new UpstreamError('UP_ERR_CONNECT', `${this.name} is missing`))
        return false
      case 'other':
        this.emit('renew')
        return true
      default:
        return true
    }
  }

  /** It refused a connection. */
  refused(cause: unknown): void {
    if (this.#state !== 'available') return
    this.#health.refuse(cause instanceof Error ? cause : new Error(String(cause)))
  }

  /** Takes it back into rotation though a check was slow: nobody else is there. */
  forgive(): void {
    this.#health.forgive()
  }

  /** It gets nothing new. */
  drain(): void {
    if (this.#state === 'draining') return
    this.#enter('draining')
    this.#health.stop()
  }

  /** It serves again after it was drained. */
  undrain(): void {
    if (this.#state !== 'draining') return
    this.#enter('available')
    this.#health.start()
  }

  /** It is none of ours any more; what is in flight there goes on. */
  remove(): void {
    this.#enter('removed')
    this.#health.stop()
    this.#host?.close()
  }

  /** The only place where the state changes. */
  #enter(state: UpstreamState, reason?: Error): void {
    const before = this.#state
    if (before === state || before === 'removed') return
    this.#state = state
    this.#reason = reason
    this.#since = Date.now()
    if (state === 'available') this.emit('available')
    else if (before === 'available')
      this.emit('unavailable', reason ?? new Error(state === 'draining' ? 'it is drained' : 'it was removed'))
  }
}
