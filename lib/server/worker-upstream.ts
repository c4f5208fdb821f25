import type { ResolvedOptions } from '../options/options.js'
import { HoldQueue } from '../proxy/hold-queue.js'
import { Upstream } from '../proxy/upstream.js'
import type { Listening } from '../worker/listening.js'

/** The way to a worker's server; undefined if clients connect to it themselves, or while it does not listen. */
export function upstreamOf(
  { address, clientField, asked }: Listening,
  options: ResolvedOptions
): Upstream | undefined {
  if (address === undefined) return undefined
  const { proxyTimeoutMs, maxConnections, via } = options
  return new Upstream(address, {
    timeoutMs: proxyTimeoutMs,
    clientField,
    via,
    max: maxConnections,
    // The processes behind a server that node:cluster shares out keep connections for as long as they like.
    isForeign: asked !== undefined && clientField === undefined,
    queue: new HoldQueue(options, 'a connection to the worker')
  })
}
