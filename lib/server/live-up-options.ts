import type { ResolvedOptions, UpOptions } from '../options/options.js'
import { resolveOptions } from '../options/resolve-options.js'
import { LiveOptions, type LiveNames, type Undo } from './live-options.js'

/** Those that are read anew for each generation, reload, request or answer. */
const LIVE = {
  numWorkers: 'numWorkers',
  workerTimeout: 'workerTimeoutMs',
  killTimeout: 'killTimeoutMs',
  readyTimeout: 'readyTimeoutMs',
  requires: 'requires',
  assumeReady: 'assumeReady',
  keepAlive: 'keepAlive',
  minExpectedLifetime: 'minExpectedLifetimeMs',
  workerPingInterval: 'workerPingIntervalMs',
  unresponsiveTimeout: 'unresponsiveTimeoutMs',
  strategy: 'strategy',
  surge: 'surge',
  keepPrevious: 'keepPrevious',
  maxConnections: 'maxConnections',
  maxHeld: 'maxHeld',
  holdTimeout: 'holdTimeoutMs',
  proxyTimeout: 'proxyTimeoutMs',
  cwd: 'cwd',
  env: 'env',
  execArgv: 'execArgv',
  args: 'args',
  holdResponse: 'holdResponse'
} as const satisfies LiveNames<UpOptions, ResolvedOptions>

/** The options of an UpServer that runs. */
export class LiveUpOptions extends LiveOptions<UpOptions, ResolvedOptions> {
  /** Called when a reload begins, to `change` them; what it resolves with is called if the reload fails. */
  renew: () => Promise<Undo | undefined> = () => Promise.resolve(undefined)

  /** @throws {OptionError} `UP_ERR_OPTION` */
  constructor(given: UpOptions) {
    super(given, resolveOptions, LIVE)
  }

  /** Changes the number of workers; it stays, unless `change` brings another one. */
  resize(numWorkers: number): void {
    Object.assign(this.now, { numWorkers })
  }
}
