import type { ProxiedServer } from '../distributor/middleware.js'
import type { UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Fleet } from '../worker/fleet.js'
import type { Worker } from '../worker/worker.js'
import type { Dispatcher } from './dispatcher.js'
import type { PortStatus } from './api.js'
import { Ports } from './ports.js'
import { SharedPorts } from './shared-ports.js'
import { upstreamOf } from './worker-upstream.js'

export interface FleetUsers {
  readonly server: ProxiedServer
  readonly dispatcher: Dispatcher<Worker>
  readonly options: ResolvedOptions
  /** Whether a worker waits, or has only a share of the clients. */
  readonly isOnTrial: (worker: Worker) => boolean
  readonly tell: (event: 'spawn' | 'retire' | 'terminate', worker: Worker) => void
  readonly onOpen: (port: PortStatus) => void
  readonly onFail: (error: UpError) => void
}

/** Has workers get requests, ports and connections, while they are there to serve them. */
export function connectFleet(fleet: Fleet, users: FleetUsers): { ports: Ports; shared: SharedPorts } {
  const { dispatcher, options, tell, onFail } = users
  const shared = new SharedPorts(fleet, dispatcher.meter)
  const onPrimary = (worker: Worker): void => giveRequests(worker, dispatcher, options)
  const ports = new Ports({ ...users, meter: dispatcher.meter, shared, onPrimary })
  fleet
    .on('listen', (worker, listening) => void ports.onListen(worker, listening))
    .on('bound', (worker, listening) => ports.onBound(worker, listening))
    .on('unbound', (worker, listening) => ports.onUnbound(worker, listening))
    .on('available', worker => {
      giveRequests(worker, dispatcher, options)
      ports.onAvailable(worker)
    })
    .on('unavailable', worker => {
      dispatcher.remove(worker)
      ports.onUnavailable(worker)
    })
    .on('spawn', worker => tell('spawn', worker))
    .on('retire', worker => tell('retire', worker))
    .on('terminate', worker => {
      ports.onGone(worker)
      dispatcher.meter.forget(worker)
      tell('terminate', worker)
    })
    .on('fail', onFail)
  return { ports, shared }
}

/** Gives a worker requests; by another way, or none any more, if it has had some before. */
function giveRequests(worker: Worker, dispatcher: Dispatcher<Worker>, options: ResolvedOptions): void {
  const { primary } = worker.listenings
  dispatcher.remove(worker)
  const upstream = primary && upstreamOf(primary, options)
  if (upstream !== undefined) dispatcher.add(worker, upstream)
}
