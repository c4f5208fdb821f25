import { EventEmitter } from 'eventemitter3'
import { createPolicyWithBackups } from '../balance/create-policy.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { ExternalUpstream } from '../external/external-upstream.js'
import { hostOf, Upstreams, type UpstreamsEvents } from '../external/upstreams.js'
import {
  resolveProxyOptions,
  type ProxyOptions,
  type ResolvedProxyOptions
} from '../options/proxy-options.js'
import { parseUpstreams, type UpstreamSpec, type UpstreamTarget } from '../options/upstream.js'
import { HoldQueue } from '../proxy/hold-queue.js'
import { Upstream } from '../proxy/upstream.js'
import type { HoldStatus, ProxyServerEvents, ProxyStatus } from './api.js'
import { BalancedServer } from './balanced-server.js'
import { LiveOptions, type LiveNames } from './live-options.js'
import { describeFigures, describeTraffic } from './status.js'

/** Options that can be changed while it runs. */
const LIVE = {
  maxConnections: 'maxConnections',
  maxHeld: 'maxHeld',
  holdTimeout: 'holdTimeoutMs',
  holdResponse: 'holdResponse',
  proxyTimeout: 'proxyTimeoutMs',
  connectTimeout: 'connectTimeoutMs',
  closeTimeout: 'closeTimeoutMs'
} as const satisfies LiveNames<ProxyOptions, ResolvedProxyOptions>

/**
 * A Distributor whose last handlers balance requests and upgrades over servers that somebody else started, and hold
 * them while none of these takes a connection.
 */
export class ProxyServer extends BalancedServer<ExternalUpstream, ProxyServerEvents> {
  /** The upstreams, to which others can be added, and which can be drained and removed. */
  readonly upstreams: Upstreams
  readonly #live: LiveOptions<ProxyOptions, ResolvedProxyOptions>
  #listed: readonly UpstreamSpec[]

  /**
   * @param server whose requests and upgrades are forwarded
   * @param upstreams where they are forwarded to; at least one that is no backup
   * @throws {OptionError} `UP_ERR_OPTION`: an argument or an option is wrong
   */
  constructor(server: ProxiedServer, upstreams: readonly UpstreamTarget[], options: ProxyOptions = {}) {
    const specs = parseUpstreams('upstreams', upstreams)
    const live = new LiveOptions(options, resolveProxyOptions, LIVE)
    const resolved = live.now
    const policy = createPolicyWithBackups<ExternalUpstream>(resolved.balance, resolved.trust)
    super(server, resolved, { policy, what: 'an upstream' })
    this.#live = live
    this.#listed = specs
    const events = new EventEmitter<UpstreamsEvents>()
      .on('available', upstream => {
        this.#connect(upstream)
        this.emit('available', upstream.status)
      })
      .on('unavailable', (upstream, reason) => {
        this.dispatcher.remove(upstream)
        this.emit('unavailable', upstream.status, reason)
      })
      .on('removed', upstream => this.meter.forget(upstream))
      .on('renew', upstream => this.#renew(upstream))
    this.upstreams = new Upstreams(resolved, events)
    for (const spec of specs) this.upstreams.open(spec)
  }

  /** The present state as plain data. */
  status(): ProxyStatus {
    const { meter, gate } = this.dispatcher
    const upstreams = this.upstreams.all.map(upstream => ({
      ...upstream.status,
      ...describeFigures(upstream, meter)
    }))
    return {
      pid: process.pid,
      state: this.state,
      ...gate.status,
      upstreams,
      traffic: describeTraffic(meter, upstreams)
    }
  }

  /**
   * Takes over other upstreams, and what of the options can be changed while it runs.
   *
   * @returns the options that are other ones now, and were not applied
   * @throws {OptionError} `UP_ERR_OPTION`: then nothing is changed
   * @throws {UpError} `UP_ERR_CLOSED`: the server is closing
   */
  protected change(upstreams: readonly UpstreamTarget[], options: ProxyOptions): readonly string[] {
    this.assertOpen()
    const specs = parseUpstreams('upstreams', upstreams)
    const { applied, notApplied } = this.#live.change(options)
    // New requests go over connections with the new limits; what is under way ends over the old ones.
    if (applied.length > 0) for (const upstream of this.upstreams.all) this.#renew(upstream)
    this.upstreams.follow(this.#listed, specs)
    this.#listed = specs
    return notApplied
  }

  protected override announce(event: 'pause' | 'resume', status: HoldStatus): void {
    this.emit(event, status)
  }

  protected override get closeTimeoutMs(): number {
    return this.#live.now.closeTimeoutMs
  }

  protected override onClosing(): void {
    // What is in flight goes on. What would have to wait for an upstream is refused.
  }

  protected override endBackends(): Promise<void> {
    this.upstreams.close()
    return Promise.resolve()
  }

  #renew(upstream: ExternalUpstream): void {
    if (upstream.serves) this.#connect(upstream)
  }

  /** From now on it gets requests, over connections of its own that are new. */
  #connect(upstream: ExternalUpstream): void {
    const { now } = this.#live
    const { proxyTimeoutMs, connectTimeoutMs, maxConnections, via, hostHeader } = now
    const own = new Upstream(upstream.address, {
      timeoutMs: proxyTimeoutMs,
      connectTimeoutMs,
      isForeign: true,
      via,
      host: hostHeader === 'upstream' ? hostOf(upstream.address) : undefined,
      max: maxConnections,
      queue: new HoldQueue(now, `a connection to ${upstream.name}`)
    })
    this.dispatcher.add(upstream, own)
  }
}
