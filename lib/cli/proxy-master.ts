import type { ProxyReload, Steered } from '../control/steered.js'
import { ReloadError } from '../errors.js'
import type { UpstreamFigures } from '../server/api.js'
import type { Configured } from './configured.js'
import { ConfiguredProxyServer } from './configured-proxy-server.js'
import { formatMs, headline } from './format.js'
import { Master, type MasterParts } from './master.js'
import type { CliProxyOptions } from './options.js'
import { reportHolds } from './report-holds.js'
import { SteeredProxy } from './steered-proxy.js'
import { described, tellProxy } from './tell-feed.js'

/** The proxy in front of servers that somebody else started. */
export class ProxyMaster extends Master {
  override readonly steered: Steered
  readonly #srv: ConfiguredProxyServer
  #reloads: Promise<unknown> = Promise.resolve()

  constructor(parts: MasterParts, configured: Configured<CliProxyOptions>) {
    const { options } = configured
    super(parts, options)
    const { accessLog } = parts
    this.#srv = new ConfiguredProxyServer(parts.server, configured, { ...(accessLog && { accessLog }) })
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
      onStop: why => this.stop(why),
      onReload: why => this.#reload(why)
    })
    this.introduce(this.#upstreams)
    reportHolds(this.#srv, this.out, options.proxy.holdFile)
  }

  protected override get busy(): number {
    return this.#srv.upstreams.list().reduce((sum, { inFlight, upgrades }) => sum + inFlight + upgrades, 0)
  }

  protected override onReload(why: string): void {
    // It is told already.
    this.#reload(why).catch(() => {})
  }

  protected override closeAll(): Promise<unknown> {
    return this.#srv.close()
  }

  protected override killAll(): void {
    // The upstreams are not ours.
  }

  get #upstreams(): string {
    return `proxying to ${this.#srv.upstreams.list().map(describe).join(', ')}`
  }

  /** One at a time, in the order of the calls. */
  #reload(why: string): Promise<ProxyReload> {
    const reload = this.#reloads.then(() => this.#reloadNow(why))
    this.#reloads = reload.catch(() => {})
    return reload
  }

  async #reloadNow(why: string): Promise<ProxyReload> {
    this.out.info(`${why}: reloading`)
    this.feed.tell('reloading', { why })
    this.refreshCertificate()
    const started = performance.now()
    const tookMs = (): number => Math.round(performance.now() - started)
    try {
      const notApplied = await this.#srv.reload()
      const durationMs = tookMs()
      this.out.good(`reloaded in ${formatMs(durationMs)}: ${this.#upstreams}`)
      if (notApplied.length > 0) this.out.warn(`other settings need a restart: ${notApplied.join(', ')}`)
      this.feed.tell('reload', { outcome: 'ok', durationMs })
      return { durationMs, notApplied }
    } catch (cause) {
      const error = new ReloadError(`the reload failed: ${headline(cause)}`, cause)
      this.feed.tell('reload', { outcome: 'failed', durationMs: tookMs(), error: described(error) })
      this.out.error(`the reload failed, nothing has changed: ${headline(cause)}`)
      throw error
    }
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
