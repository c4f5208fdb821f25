import type { HoldStatus, TrafficStatus } from '../server/api.js'
import { only, type Metric } from './metric.js'

/** What whatever balances requests tells of itself. */
export interface ServingSource {
  /** What the control API calls it. */
  readonly name: string
  /** The version of this package. */
  readonly upVersion: string
  readonly status: HoldStatus & { readonly traffic: TrafficStatus }
}

export const SERVING_METRICS: readonly Metric<ServingSource>[] = [
  {
    name: 'up_http_requests_in_flight',
    help: 'Requests that are being answered; with the transport handoff, by the last reports of the workers.',
    type: 'gauge',
    read: ({ status }) => only(status.traffic.inFlight)
  },
  {
    name: 'up_http_requests_held',
    help: 'Requests that wait until somebody can serve them; with the transport handoff, connections.',
    type: 'gauge',
    read: ({ status }) => only(status.held)
  },
  {
    name: 'up_http_hold_expired_total',
    help: 'Requests that were held for as long as they may be, and got 503.',
    type: 'counter',
    read: ({ status }) => only(status.expired)
  },
  {
    name: 'up_http_hold_refused_total',
    help: 'Requests that got 503 because too many were held already.',
    type: 'counter',
    read: ({ status }) => only(status.refused)
  },
  {
    name: 'up_http_hold_given_up_total',
    help: 'Requests whose client left while they were held.',
    type: 'counter',
    read: ({ status }) => only(status.givenUp)
  },
  {
    name: 'up_http_retries_total',
    help: 'Times that a request was given to a worker or an upstream once more, after one had failed.',
    type: 'counter',
    read: ({ status }) => only(status.traffic.retries)
  },
  {
    name: 'up_paused',
    help: 'Whether requests are held though somebody could serve them: 1 or 0.',
    type: 'gauge',
    read: ({ status }) => only(status.pausedBy.length > 0 ? 1 : 0)
  }
]
