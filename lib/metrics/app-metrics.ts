import type { Meter } from '../meters/meter.js'
import type { ServerStatus, WorkerStatus } from '../server/api.js'
import { answerMetrics, type LabelledAnswers } from './answer-metrics.js'
import { histogramSamples } from './histogram.js'
import { EXIT_REASONS, RELOAD_BOUNDS_S, type Lives } from './lives.js'
import { only, type Metric } from './metric.js'
import { SERVING_METRICS, type ServingSource } from './serving-metrics.js'

/** What an app and its workers tell of themselves. */
export interface AppSource extends ServingSource {
  readonly status: ServerStatus
  readonly meter: Meter
  readonly lives: Lives
}

const RELOAD = 'up_reload_duration_seconds'
const OUTCOMES = ['ok', 'failed'] as const
/** One that is terminated is not among the workers any more. */
const STATES = ['spawning', 'spawned', 'terminating'] as const

/** Of an app and its workers. */
export const APP_METRICS: readonly Metric<AppSource>[] = [
  ...answerMetrics<AppSource>(
    'generation: "older" for those before the latest ten, "none" where up itself had to answer',
    answersOf
  ),
  ...SERVING_METRICS,
  {
    name: 'up_upgrades_open',
    help: 'WebSockets and other upgrades that are open.',
    type: 'gauge',
    read: ({ status }) => only(status.workers.reduce((sum, { upgrades }) => sum + upgrades, 0))
  },
  {
    name: 'up_reloads_total',
    help: 'Reloads, by outcome: ok, or failed, so that the old code serves on.',
    type: 'counter',
    read: ({ lives }) =>
      OUTCOMES.map(outcome => ({
        labels: { outcome },
        value: lives.reloads[outcome].buckets.reduce((sum, count) => sum + count)
      }))
  },
  {
    name: RELOAD,
    help: 'Time from the beginning of a reload until the new code serves, or until it failed.',
    type: 'histogram',
    read: ({ lives }) =>
      OUTCOMES.flatMap(outcome =>
        histogramSamples(RELOAD, { outcome }, RELOAD_BOUNDS_S, lives.reloads[outcome])
      )
  },
  {
    name: 'up_worker_starts_total',
    help: 'Workers that became ready.',
    type: 'counter',
    read: ({ lives }) => only(lives.starts)
  },
  {
    name: 'up_worker_exits_total',
    help: 'Workers whose process is gone: retired, before they were ready (start), by themselves (crashed), by a signal.',
    type: 'counter',
    read: ({ lives }) => EXIT_REASONS.map(reason => ({ labels: { reason }, value: lives.exits[reason] }))
  },
  {
    name: 'up_workers',
    help: 'Workers, by state: spawning, spawned (they serve), terminating (they finish what they have).',
    type: 'gauge',
    read: ({ status }) =>
      STATES.map(state => ({
        labels: { state },
        value: status.workers.filter(worker => worker.state === state).length
      }))
  },
  {
    name: 'up_workers_wanted',
    help: 'How many workers there should be.',
    type: 'gauge',
    read: ({ status }) => only(status.numWorkers)
  },
  ofWorkers(
    'up_worker_requests_total',
    'counter',
    'Requests and upgrades that a worker was given.',
    'requests'
  ),
  ofWorkers(
    'up_worker_errors_total',
    'counter',
    'Answers of a worker with a status of 500 and more, and requests that it broke off.',
    'errors'
  ),
  ofWorkers('up_worker_requests_in_flight', 'gauge', 'Requests that a worker is answering.', 'inFlight'),
  ofWorkers('up_worker_upgrades_open', 'gauge', 'Upgrades that a worker has open.', 'upgrades'),
  ofWorkers(
    'up_worker_connections',
    'gauge',
    'Connections of clients that a worker has accepted itself: see the transport handoff.',
    'connections'
  ),
  ofWorkers(
    'up_worker_event_loop_lag_seconds',
    'gauge',
    'How late timers of a worker were in the last second: 99 of 100 were less.',
    'lagMs',
    1000
  ),
  ofWorkers(
    'up_worker_cpu_ratio',
    'gauge',
    'What a worker took of one CPU in the last second.',
    'cpuPercent',
    100
  ),
  ofWorkers(
    'up_worker_memory_bytes',
    'gauge',
    "What a worker has of the machine's memory (RSS).",
    'memoryBytes'
  ),
  {
    name: 'up_generation',
    help: 'Number of the generation that serves.',
    type: 'gauge',
    read: ({ status }) => only(status.generation)
  },
  {
    name: 'up_info',
    help: 'Always 1; its labels say what runs: the name of the instance, the version of up, the version of the app.',
    type: 'gauge',
    read: ({ name, upVersion, status }) => [
      { labels: { name, version: upVersion, app_version: status.version ?? '' }, value: 1 }
    ]
  }
]

function answersOf({ meter }: AppSource): LabelledAnswers {
  const { latest, older } = meter.byGeneration
  const generations = [...latest].map(([generation, answers]) => [{ generation }, answers] as const)
  return [[{ generation: 'none' }, meter.own], [{ generation: 'older' }, older], ...generations]
}

type Figure =
  'requests' | 'errors' | 'inFlight' | 'upgrades' | 'connections' | 'lagMs' | 'cpuPercent' | 'memoryBytes'

/** A figure of each worker that lives, once it has one. */
function ofWorkers(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  figure: Figure & keyof WorkerStatus,
  perUnit = 1
): Metric<AppSource> {
  return {
    name,
    help,
    type,
    read: ({ status }) =>
      status.workers.flatMap(({ pid, generation, [figure]: value }) =>
        pid === undefined || value === null
          ? []
          : [{ labels: { worker: pid, generation }, value: value / perUnit }]
      )
  }
}
