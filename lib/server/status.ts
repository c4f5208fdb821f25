import type { Worker } from '../worker/worker.js'
import type { Port } from '../ports/port.js'
import type { Protocol } from '../worker/messages.js'
import type { PortStatus, WorkerStatus } from './api.js'

export function describeWorker(worker: Worker): WorkerStatus {
  return {
    pid: worker.pid,
    generation: worker.generation,
    version: worker.version,
    state: worker.readyState,
    ageMs: Math.round(worker.ageMs),
    inFlight: worker.inFlight,
    upgrades: worker.upgrades,
    requests: worker.requests
  }
}

/** @returns undefined while it does not listen */
export function describePort({ address }: Port, protocol: Protocol): PortStatus | undefined {
  if (address === null) return undefined
  if (typeof address === 'string') return { protocol, path: address }
  return { protocol, address: address.address, port: address.port }
}
