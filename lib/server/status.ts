import type { Worker } from '../worker/worker.js'
import type { WorkerStatus } from './api.js'

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
