import { PROXY_OPTIONS, type ProxyOptions } from '../options/proxy-options.js'
import { ProxyServer } from '../server/proxy-server.js'
import type { Configured } from './configured.js'
import type { MasterParts } from './master.js'
import type { CliProxyOptions } from './options.js'

/** A ProxyServer whose upstreams and options come from a command line and a configuration file. */
export class ConfiguredProxyServer extends ProxyServer {
  readonly #configured: Configured<CliProxyOptions>
  readonly #own: ProxyOptions

  /** @param own options that the command itself has set */
  constructor(server: MasterParts['server'], configured: Configured<CliProxyOptions>, own: ProxyOptions) {
    const { upstreams, proxy } = configured.options
    super(server, upstreams, { ...proxy, ...own })
    this.#configured = configured
    this.#own = own
  }

  /**
   * Reads the file again, and applies what can be applied while it runs.
   *
   * @returns settings that are other ones than at the start, and that only a restart can apply
   * @throws {UpError} something is wrong with what the file says: then nothing is changed
   */
  async reload(): Promise<readonly string[]> {
    const { options, changed } = await this.#configured.renew()
    const notApplied = this.change(options.upstreams, { ...options.proxy, ...this.#own })
    return [...changed.filter(isOfCommand), ...notApplied]
  }
}

function isOfCommand(name: string): boolean {
  return name !== 'upstreams' && !Object.hasOwn(PROXY_OPTIONS, name)
}
