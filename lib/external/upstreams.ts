import type { EventEmitter } from 'eventemitter3'
import { OptionError, UpError } from '../errors.js'
import { asObject } from '../options/checks.js'
import { parseDuration, type Duration } from '../options/duration.js'
import type { ResolvedHealth } from '../options/proxy-options.js'
import { assertKnown } from '../options/serving.js'
import { parseUpstream, type UpstreamSpec, type UpstreamTarget } from '../options/upstream.js'
import type { Address } from '../proxy/address.js'
import { ExternalUpstream, type UpstreamStatus } from './external-upstream.js'

export interface UpstreamsOptions {
  readonly connectTimeoutMs: number
  readonly health: ResolvedHealth | undefined
}

/** What `drain` resolves to. */
export interface DrainResult {
  /** Whether nothing is in flight there any more. */
  readonly drained: boolean
  /** Requests and upgrades that are. */
  readonly remaining: number
}

export interface UpstreamsEvents {
  /** It takes requests from now on. */
  available: (upstream: ExternalUpstream) => void
  /** It takes no more. */
  unavailable: (upstream: ExternalUpstream, reason: Error) => void
  /** It is none of ours any more. */
  removed: (upstream: ExternalUpstream) => void
  /** Its connections are not to be used again. */
  renew: (upstream: ExternalUpstream) => void
}

/** The upstreams of a proxy, which can be changed while it runs: `srv.upstreams`. */
export class Upstreams implements Iterable<UpstreamStatus> {
  readonly #options: UpstreamsOptions
  readonly #events: EventEmitter<UpstreamsEvents>
  readonly #byName = new Map<string, ExternalUpstream>()
  #closed = false

  /** @param events where it tells what happens */
  constructor(options: UpstreamsOptions, events: EventEmitter<UpstreamsEvents>) {
    this.#options = options
    this.#events = events
  }

  get size(): number {
    return this.#byName.size
  }

  [Symbol.iterator](): Iterator<UpstreamStatus> {
    return this.list().values()
  }

  /** @internal */
  get all(): readonly ExternalUpstream[] {
    return [...this.#byName.values()]
  }

  /** The state of each as plain data. */
  list(): UpstreamStatus[] {
    return [...this.#byName.values()].map(({ status }) => status)
  }

  /**
   * Adds an upstream, which takes requests at once; or takes one back that was drained.
   *
   * @throws {OptionError} `UP_ERR_OPTION`: not an upstream, or one that is there already
   * @throws {UpError} `UP_ERR_CLOSED`: the server is closed
   */
  add(target: UpstreamTarget): UpstreamStatus {
    if (this.#closed) throw new UpError('UP_ERR_CLOSED', 'the server is closed')
    const spec = parseUpstream('upstreams.add(target): target', target)
    const known = this.#byName.get(spec.name)
    if (known === undefined) return this.open(spec).status
    if (known.state !== 'draining')
      throw new OptionError('upstreams.add(target): target', spec.name, 'one that is not there already')
    known.undrain()
    return known.status
  }

  /**
   * Removes an upstream: it gets nothing new, and what is in flight there goes on. Removing the last one is allowed:
   * then requests are held.
   *
   * @throws {OptionError} `UP_ERR_OPTION`: there is no such upstream
   */
  remove(target: UpstreamTarget): void {
    this.#drop(this.#find('upstreams.remove(target): target', target))
    this.#afterChange()
  }

  /**
   * An upstream gets nothing new from now on, but stays in the list. Resolves when nothing is in flight there, upgrades
   * included; or when it is taken back by `add`, or when the time is over.
   *
   * Rejects with `UP_ERR_OPTION`: there is no such upstream, or a wrong option.
   *
   * @param options `timeout`: how long to wait, as a duration. Default 0: no limit
   */
  async drain(target: UpstreamTarget, options: { readonly timeout?: Duration } = {}): Promise<DrainResult> {
    const upstream = this.#find('upstreams.drain(target): target', target)
    const given = asObject('upstreams.drain(target, options): options', options)
    assertKnown(given, { timeout: true })
    const timeoutMs = parseDuration('upstreams.drain(target, { timeout })', given['timeout'] ?? 0)
    upstream.drain()
    this.#afterChange()
    await whenQuiet(upstream, timeoutMs)
    const remaining = upstream.inFlight + upstream.upgrades
    return { drained: remaining === 0 && upstream.state !== 'available', remaining }
  }

  /** @internal */
  open(spec: UpstreamSpec): ExternalUpstream {
    const { connectTimeoutMs, health } = this.#options
    const options = { connectTimeoutMs, health, host: hostOf(spec.address) }
    const upstream = new ExternalUpstream(spec, this.#freeSlot(), options, one => !this.#hasOther(one))
    this.#byName.set(spec.name, upstream)
    upstream
      .on('available', () => this.#events.emit('available', upstream))
      .on('renew', () => this.#events.emit('renew', upstream))
      .on('unavailable', reason => {
        this.#events.emit('unavailable', upstream, reason)
        this.#afterChange()
      })
    this.#events.emit('available', upstream)
    upstream.start()
    return upstream
  }

  /**
   * @internal What was listed is to be as it is listed now. What was added or removed by hand meanwhile stays so.
   *
   * @param before what was listed
   */
  follow(before: readonly UpstreamSpec[], now: readonly UpstreamSpec[]): void {
    // Those that come first: so somebody is there all the time.
    for (const spec of now) {
      const known = this.#byName.get(spec.name)
      if (before.some(other => isSame(other, spec)) || (known !== undefined && isSame(known, spec))) continue
      if (known !== undefined) this.#drop(known)
      this.open(spec)
    }
    for (const { name } of before) {
      const known = this.#byName.get(name)
      if (known !== undefined && !now.some(spec => spec.name === name)) this.#drop(known)
    }
    this.#afterChange()
  }

  /** @internal */
  close(): void {
    this.#closed = true
    for (const upstream of this.#byName.values()) upstream.remove()
  }

  #drop(upstream: ExternalUpstream): void {
    this.#byName.delete(upstream.name)
    upstream.remove()
    this.#events.emit('removed', upstream)
  }

  /** Slow ones are better than none. */
  #afterChange(): void {
    if (this.#closed || [...this.#byName.values()].some(({ state }) => state === 'available')) return
    for (const upstream of this.#byName.values()) if (upstream.isMerelySlow) upstream.forgive()
  }

  #hasOther(one: ExternalUpstream): boolean {
    return [...this.#byName.values()].some(other => other !== one && other.state === 'available')
  }

  #find(option: string, target: UpstreamTarget): ExternalUpstream {
    const { name } = parseUpstream(option, target)
    const upstream = this.#byName.get(name)
    if (upstream !== undefined) return upstream
    const names = [...this.#byName.keys()].join(', ')
    throw new OptionError(option, name, `one of the upstreams: ${names === '' ? 'there is none' : names}`)
  }

  #freeSlot(): number {
    const taken = new Set([...this.#byName.values()].map(({ slot }) => slot))
    let slot = 0
    while (taken.has(slot)) slot++
    return slot
  }
}

type Listed = Pick<UpstreamSpec, 'name' | 'backup' | 'weight'>

function isSame(one: Listed, other: Listed): boolean {
  return one.name === other.name && one.backup === other.backup && one.weight === other.weight
}

/** The Host field of a server at this address. */
export function hostOf(address: Address): string {
  if (address.socketPath !== undefined) return 'localhost'
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return address.port === 80 ? host : `${host}:${address.port}`
}

async function whenQuiet(upstream: ExternalUpstream, timeoutMs: number): Promise<void> {
  if (upstream.inFlight === 0 && upstream.upgrades === 0) return
  await new Promise<void>(resolve => {
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => end(), timeoutMs)
    const end = (): void => {
      clearTimeout(timer)
      upstream.removeListener('quiet', end).removeListener('available', end)
      resolve()
    }
    upstream.on('quiet', end).on('available', end)
  })
}
