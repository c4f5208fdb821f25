import type { UpError } from '../errors.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Fleet } from '../worker/fleet.js'
import type { Worker } from '../worker/worker.js'
import type { Dispatcher } from './dispatcher.js'
import type { Ports } from './ports.js'
import { upstreamOf } from './worker-upstream.js'

export interface FleetUsers {
  readonly dispatcher: Dispatcher<Worker>
  readonly ports: Ports
  readonly options: ResolvedOptions
  readonly tell: (event: 'spawn' | 'retire' | 'terminate', worker: Worker) => void
  readonly onFail: (error: UpError) => void
}

/** Has workers get requests, and ports, while they are there to serve them. */
export function connectFleet(fleet: Fleet, { dispatcher, ports, options, tell, onFail }: FleetUsers): void {
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
      tell('terminate', worker)
    })
    .on('fail', onFail)
}

/** Gives a worker requests; by another way, or none any more, if it has had some before. */
export function giveRequests(worker: Worker, dispatcher: Dispatcher<Worker>, options: ResolvedOptions): void {
  const { primary } = worker.listenings
  dispatcher.remove(worker)
  const upstream = primary && upstreamOf(primary, options)
  if (upstream !== undefined) dispatcher.add(worker, upstream)
}
