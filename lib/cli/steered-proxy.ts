import type { Feed } from '../control/feed.js'
import { History } from '../control/history.js'
import type { ControlStatus, Steered } from '../control/steered.js'
import type { DrainResult } from '../external/upstreams.js'
import { Exposition } from '../metrics/exposition.js'
import { PROXY_METRICS, type ProxySource } from '../metrics/proxy-metrics.js'
import type { UpstreamTarget } from '../options/upstream.js'
import type { PauseOptions, PauseResult, ResumeOptions } from '../server/api.js'
import type { ProxyServer } from '../server/proxy-server.js'
import { version } from '../server/up.js'
import { publicState } from './public-state.js'

interface SteeredProxyParts {
  readonly srv: ProxyServer
  readonly feed: Feed
  readonly name: string
  readonly isStopping: () => boolean
  readonly onStop: (why: string) => void
}

/** A proxy and its upstreams, as the control API steers them. */
export class SteeredProxy implements Steered {
  readonly feed: Feed
  readonly history: History
  readonly #parts: SteeredProxyParts
  readonly #startedAt = new Date().toISOString()
  readonly #exposition: Exposition<ProxySource>

  constructor(parts: SteeredProxyParts) {
    this.#parts = parts
    this.feed = parts.feed
    const { srv, name } = parts
    this.#exposition = new Exposition<ProxySource>(PROXY_METRICS, () => ({
      name,
      upVersion: version,
      status: srv.status(),
      meter: srv.meter,
      answers: srv.upstreams.all.map(upstream => [upstream.name, srv.meter.of(upstream)] as const)
    }))
    this.history = new History(() => this.status())
  }

  status(): ControlStatus {
    const { srv, name, isStopping } = this.#parts
    const status = srv.status()
    return {
      ...status,
      name,
      state: publicState(status.state, isStopping()),
      startedAt: this.#startedAt
    }
  }

  ready(): boolean {
    const { srv, isStopping } = this.#parts
    return !isStopping() && srv.upstreams.list().some(({ state }) => state === 'available')
  }

  metrics(): Promise<string> {
    return this.#exposition.text()
  }

  stop(why: string): void {
    // A second one would end it at once, as a second signal does.
    if (!this.#parts.isStopping()) this.#parts.onStop(why)
  }

  pause(options: PauseOptions): Promise<PauseResult> {
    return this.#parts.srv.pause(options)
  }

  resume(options: ResumeOptions): Promise<void> {
    return this.#parts.srv.resume(options)
  }

  addUpstream(target: UpstreamTarget): object {
    return this.#parts.srv.upstreams.add(target)
  }

  removeUpstream(name: string): void {
    this.#parts.srv.upstreams.remove(name)
  }

  drainUpstream(name: string, timeout: string | number | undefined): Promise<DrainResult> {
    return this.#parts.srv.upstreams.drain(name, timeout === undefined ? {} : { timeout })
  }
}
