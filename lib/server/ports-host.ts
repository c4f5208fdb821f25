import type { ProxiedServer } from '../distributor/middleware.js'
import type { UpError } from '../errors.js'
import type { Meter } from '../meters/meter.js'
import type { ResolvedOptions } from '../options/options.js'
import type { Worker } from '../worker/worker.js'
import type { PortStatus } from './api.js'
import type { SharedPorts } from './shared-ports.js'

/** What the ports of an UpServer work with, and who wants to know of them. */
export interface PortsHost {
  readonly server: ProxiedServer
  readonly options: ResolvedOptions
  readonly shared: SharedPorts
  readonly meter: Meter
  /** Whether it waits, or has only a share of the clients. */
  readonly isOnTrial: (worker: Worker) => boolean
  /** The server that a worker listens with first has got another address, or none. */
  readonly onPrimary: (worker: Worker) => void
  readonly onOpen: (port: PortStatus) => void
  readonly onFail: (error: UpError) => void
}
