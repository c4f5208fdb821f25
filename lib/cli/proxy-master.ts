import type { Steered } from '../control/steered.js'
import type { UpstreamFigures } from '../server/api.js'
import { ProxyServer } from '../server/proxy-server.js'
import { Master, type MasterParts } from './master.js'
import type { CliProxyOptions } from './options.js'
import { reportHolds } from './report-holds.js'
import { SteeredProxy } from './steered-proxy.js'
import { tellProxy } from './tell-feed.js'

/** The proxy in front of servers that somebody else started. */
export class ProxyMaster extends Master {
  override readonly steered: Steered
  readonly #srv: ProxyServer

  constructor(parts: MasterParts, options: CliProxyOptions) {
    super(parts, options)
    const { accessLog } = parts
    const proxy = { ...options.proxy, ...(accessLog && { accessLog }) }
    this.#srv = new ProxyServer(parts.server, options.upstreams, proxy)
    if (options.title !== undefined) process.title = `${options.title} proxy`
    this.#srv
      .on('unavailable', ({ name }, reason) => {
        // They are all let go at the end.
        if (!this.stopping) this.out.error(`${name} is unavailable: ${explain(name, reason)}`)
      })
      .on('available', ({ name }) => this.out.good(`${name} is available again`))
    tellProxy(this.#srv, this.feed)
    this.steered = new SteeredProxy({
      srv: this.#srv,
      feed: this.feed,
      name: this.name,
      isStopping: () => this.stopping,
      onStop: why => this.stop(why)
    })
    this.introduce(`proxying to ${this.#srv.upstreams.list().map(describe).join(', ')}`)
    reportHolds(this.#srv, this.out, options.proxy.holdFile)
  }

  protected override get busy(): number {
    return this.#srv.upstreams.list().reduce((sum, { inFlight, upgrades }) => sum + inFlight + upgrades, 0)
  }

  protected override onReload(why: string): void {
    const looked = this.refreshCertificate()
      ? 'the certificate was looked at, there is nothing else'
      : 'there is nothing'
    this.out.info(`${why}: ${looked} to reload`)
  }

  protected override closeAll(): Promise<unknown> {
    return this.#srv.close()
  }

  protected override killAll(): void {
    // The upstreams are not ours.
  }
}

function describe({ name, backup, weight }: Pick<UpstreamFigures, 'name' | 'backup' | 'weight'>): string {
  const role = [...(backup ? ['backup'] : []), ...(weight === 1 ? [] : [`weight ${weight}`])]
  return role.length === 0 ? name : `${name} (${role.join(', ')})`
}

/** The reason, without the name of the upstream, with which the line begins. */
function explain(name: string, { message }: Error): string {
  return message.replace(` to ${name}`, '').replace(`${name} is`, 'it is')
}
