import type { Fleet } from '../worker/fleet.js'
import type { Worker } from '../worker/worker.js'
import type { Meter } from '../meters/meter.js'
import type { Port } from '../ports/port.js'
import type { Protocol } from '../worker/messages.js'
import type {
  BackendFigures,
  HoldStatus,
  PortStatus,
  ServerState,
  ServerStatus,
  TrafficStatus,
  WorkerStatus
} from './api.js'
import type { Backend } from './backend.js'
import type { Ports } from './ports.js'
import type { SharedPorts } from './shared-ports.js'
import type { Switching } from './switching.js'

/** What an UpServer consists of. */
export interface ServerParts {
  readonly switching: Switching
  readonly fleet: Fleet
  readonly ports: Ports
  readonly shared: SharedPorts
  readonly meter: Meter
}

export function describeServer(
  file: string,
  state: ServerState,
  hold: HoldStatus,
  { switching, fleet, ports, shared, meter }: ServerParts
): ServerStatus {
  const { current, standby } = switching
  const workers = [...fleet.alive].map(worker => describeWorker(worker, meter))
  return {
    pid: process.pid,
    state,
    file,
    generation: current.number,
    version: current.version,
    numWorkers: switching.numWorkers,
    reloading: switching.busy,
    standby: standby?.status ?? null,
    canary: standby?.canaryStatus ?? null,
    ...hold,
    held: hold.held + shared.held,
    workers,
    traffic: describeTraffic(meter, workers),
    ports: ports.list()
  }
}

function describeWorker(worker: Worker, meter: Meter): WorkerStatus {
  const { load } = worker.sharer
  const { cpuPercent = null, memoryBytes = null, lagMs = null } = worker.vitals ?? {}
  return {
    pid: worker.pid,
    generation: worker.generation,
    version: worker.version,
    state: worker.readyState,
    ageMs: Math.round(worker.ageMs),
    inFlight: worker.inFlight + load.requests,
    upgrades: worker.upgrades + load.upgrades,
    connections: load.connections,
    requests: worker.requests + load.served,
    ...describeFigures(worker, meter),
    cpuPercent,
    memoryBytes,
    lagMs
  }
}

export function describeFigures(backend: Backend, meter: Meter): BackendFigures {
  const { errors, unanswered } = meter.of(backend)
  return { errors: errors + unanswered, p99Ms: meter.recentOf(backend).p99Ms }
}

/** @param backends all that requests are given to */
export function describeTraffic(
  { total, retries, rate, recent }: Meter,
  backends: readonly { readonly inFlight: number }[]
): TrafficStatus {
  const { count: answered, errors } = total
  return {
    answered,
    errors,
    retries,
    ...recent,
    requestsPerSecond: rate.perSecond(),
    inFlight: backends.reduce((sum, { inFlight }) => sum + inFlight, 0)
  }
}

/** @returns undefined while it does not listen */
export function describePort({ address }: Port, protocol: Protocol): PortStatus | undefined {
  if (address === null) return undefined
  if (typeof address === 'string') return { protocol, path: address }
  return { protocol, address: address.address, port: address.port }
}
