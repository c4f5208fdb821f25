import type { ProxyReload } from '../control/steered.js'
import { OptionError } from '../errors.js'
import type { DrainResult } from '../external/upstreams.js'
import { Exposition } from '../metrics/exposition.js'
import { PROXY_METRICS, type ProxySource } from '../metrics/proxy-metrics.js'
import type { UpstreamTarget } from '../options/upstream.js'
import type { ReloadOptions } from '../server/api.js'
import type { ProxyServer } from '../server/proxy-server.js'
import { version } from '../server/up.js'
import { SteeredServer, type SteeredParts } from './steered-server.js'

interface SteeredProxyParts extends SteeredParts<ProxyServer> {
  readonly onReload: (why: string) => Promise<ProxyReload>
}

/** A proxy and its upstreams, as the control API steers them. */
export class SteeredProxy extends SteeredServer<ProxyServer> {
  readonly #onReload: SteeredProxyParts['onReload']
  readonly #exposition: Exposition<ProxySource>

  constructor({ onReload, ...parts }: SteeredProxyParts) {
    super(parts)
    this.#onReload = onReload
    const { srv, name } = parts
    this.#exposition = new Exposition<ProxySource>(PROXY_METRICS, () => ({
      name,
      upVersion: version,
      status: srv.status(),
      meter: srv.meter,
      answers: srv.upstreams.all.map(upstream => [upstream.name, srv.meter.of(upstream)] as const)
    }))
  }

  override reload(why: string, options: ReloadOptions): Promise<ProxyReload> {
    for (const [name, value] of Object.entries(options))
      throw new OptionError(name, value, 'absent: up proxy starts no workers')
    return this.#onReload(why)
  }

  override metrics(): Promise<string> {
    return this.#exposition.text()
  }

  addUpstream(target: UpstreamTarget): object {
    return this.srv.upstreams.add(target)
  }

  removeUpstream(name: string): void {
    this.srv.upstreams.remove(name)
  }

  drainUpstream(name: string, timeout: string | number | undefined): Promise<DrainResult> {
    return this.srv.upstreams.drain(name, timeout === undefined ? {} : { timeout })
  }

  protected override get serves(): boolean {
    return this.srv.upstreams.list().some(({ state }) => state === 'available')
  }
}
