import type { Counts } from '../meters/counts.js'
import type { Meter } from '../meters/meter.js'
import type { ProxyStatus, UpstreamFigures } from '../server/api.js'
import { answerMetrics, type LabelledAnswers } from './answer-metrics.js'
import { only, type Metric } from './metric.js'
import { SERVING_METRICS, type ServingSource } from './serving-metrics.js'

/** What a proxy and its upstreams tell of themselves. */
export interface ProxySource extends ServingSource {
  readonly status: ProxyStatus
  readonly meter: Meter
  /** What each of the upstreams has answered. */
  readonly answers: readonly (readonly [upstream: string, answers: Counts])[]
}

/** Of a proxy and its upstreams. */
export const PROXY_METRICS: readonly Metric<ProxySource>[] = [
  ...answerMetrics<ProxySource>(
    'upstream: "removed" for those that are none any more, "none" where up itself had to answer',
    answersOf
  ),
  ...SERVING_METRICS,
  {
    name: 'up_upgrades_open',
    help: 'WebSockets and other upgrades that are open.',
    type: 'gauge',
    read: ({ status }) => only(status.upstreams.reduce((sum, { upgrades }) => sum + upgrades, 0))
  },
  {
    name: 'up_upstream_available',
    help: 'Whether an upstream gets requests: 1 or 0.',
    type: 'gauge',
    read: ({ status }) =>
      status.upstreams.map(({ name, state }) => ({
        labels: { upstream: name },
        value: state === 'available' ? 1 : 0
      }))
  },
  ofUpstreams(
    'up_upstream_requests_total',
    'counter',
    'Requests and upgrades that an upstream was given.',
    'requests'
  ),
  ofUpstreams(
    'up_upstream_errors_total',
    'counter',
    'Answers of an upstream with a status of 500 and more, and requests that it broke off.',
    'errors'
  ),
  ofUpstreams(
    'up_upstream_requests_in_flight',
    'gauge',
    'Requests that an upstream is answering.',
    'inFlight'
  ),
  ofUpstreams('up_upstream_upgrades_open', 'gauge', 'Upgrades that an upstream has open.', 'upgrades'),
  {
    name: 'up_info',
    help: 'Always 1; its labels say what runs: the name of the instance, the version of up.',
    type: 'gauge',
    read: ({ name, upVersion }) => [{ labels: { name, version: upVersion }, value: 1 }]
  }
]

function answersOf({ meter, answers }: ProxySource): LabelledAnswers {
  return [
    [{ upstream: 'none' }, meter.own],
    [{ upstream: 'removed' }, meter.gone],
    ...answers.map(([upstream, own]) => [{ upstream }, own] as const)
  ]
}

function ofUpstreams(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  figure: 'requests' | 'errors' | 'inFlight' | ('upgrades' & keyof UpstreamFigures)
): Metric<ProxySource> {
  return {
    name,
    help,
    type,
    read: ({ status }) =>
      status.upstreams.map(({ name: upstream, [figure]: value }) => ({ labels: { upstream }, value }))
  }
}
