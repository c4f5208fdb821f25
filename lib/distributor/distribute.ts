import { Distributor } from './distributor.js'
import type { DistributorOptions, ProxiedServer } from './middleware.js'

/** `distribute(server)`, with or without `new`, and what it carries. */
export interface Distribute {
  (server: ProxiedServer, options?: DistributorOptions): Distributor
  new (server: ProxiedServer, options?: DistributorOptions): Distributor
  readonly Distributor: typeof Distributor
}

/** Runs a chain of middleware in front of `server`: see {@link Distributor}. */
export const distribute: Distribute = Object.assign(construct as unknown as new () => Distributor, {
  Distributor
}) as unknown as Distribute

function construct(server: ProxiedServer, options?: DistributorOptions): Distributor {
  return new Distributor(server, options)
}
construct.prototype = Distributor.prototype
