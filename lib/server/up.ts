import { readFileSync } from 'node:fs'
import { ready } from '../child/ready.js'
import { Distributor } from '../distributor/distributor.js'
import type { ProxiedServer } from '../distributor/middleware.js'
import type { UpOptions } from '../options/options.js'
import type { ProxyOptions } from '../options/proxy-options.js'
import type { UpstreamTarget } from '../options/upstream.js'
import { Worker } from '../worker/worker.js'
import { ProxyServer } from './proxy-server.js'
import { UpServer } from './up-server.js'

/** `up(server, file, options)`, with or without `new`, and what it carries. */
export interface Up {
  (server: ProxiedServer, file: string, options?: UpOptions): UpServer
  new (server: ProxiedServer, file: string, options?: UpOptions): UpServer
  /** Puts the same in front of servers that somebody else started: see {@link ProxyServer}. */
  readonly proxy: (
    server: ProxiedServer,
    upstreams: readonly UpstreamTarget[],
    options?: ProxyOptions
  ) => ProxyServer
  readonly UpServer: typeof UpServer
  readonly ProxyServer: typeof ProxyServer
  readonly Distributor: typeof Distributor
  readonly Worker: typeof Worker
  /** Called in a worker that was started with `assumeReady: false`: it can serve now. */
  readonly ready: typeof ready
  /** The version of this package. */
  readonly version: string
}

/** The version of this package. */
export const version = readVersion()

/**
 * Starts the workers of `file` behind `server`, and returns the UpServer: see {@link UpServer} for
 * errors and events.
 */
export const up: Up = Object.assign(construct as unknown as new () => UpServer, {
  proxy: (server: ProxiedServer, upstreams: readonly UpstreamTarget[], options?: ProxyOptions) =>
    new ProxyServer(server, upstreams, options),
  UpServer,
  ProxyServer,
  Distributor,
  Worker,
  ready,
  version
}) as unknown as Up

function construct(server: ProxiedServer, file: string, options?: UpOptions): UpServer {
  return new UpServer(server, file, options)
}
construct.prototype = UpServer.prototype

function readVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
