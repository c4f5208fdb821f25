import pico from 'picocolors'
import type { ControlStatus } from '../../control/steered.js'
import type { ProxyStatus, ServerStatus } from '../../server/api.js'
import { count } from '../format.js'
import { describePort } from '../listen.js'
import { formatAge, formatBytes, formatLatency, formatPercent } from './figures.js'
import { formatTable, printable, type Column } from './table.js'

type AppStatus = ControlStatus & Omit<ServerStatus, 'state'>
type WorkerRow = ServerStatus['workers'][number]
type UpstreamRow = ProxyStatus['upstreams'][number]

/** The state of a program for people: a headline, and a table of its workers or upstreams. */
export function describeStatus(status: ControlStatus, coloured: boolean): string {
  const [facts, table] = isApp(status)
    ? [appFacts(status), formatTable(workerColumns(status), status.workers, coloured)]
    : [[], formatTable(UPSTREAM_COLUMNS, status.upstreams, coloured)]
  const what = isApp(status) ? status.file : `proxy to ${count(status.upstreams.length, 'upstream')}`
  const colours = pico.createColors(coloured)
  const paint = status.state === 'running' ? colours.green : colours.yellow
  const age = formatAge(Date.now() - Date.parse(status.startedAt))
  return [
    `${colours.bold(printable(status.name))}  ${paint(status.state)}  ${printable(what)}`,
    [...facts, describeHeld(status), `pid ${status.pid}`, `up ${age}`].join(', '),
    '',
    table
  ].join('\n')
}

/** Whether it runs an app; otherwise it is a proxy. */
export function isApp(status: ControlStatus): status is AppStatus {
  return 'workers' in status
}

/** `generation 3 (1.5.0)` */
export function describeGeneration(generation: number, version: string | null | undefined): string {
  return `generation ${generation}${version == null ? '' : ` (${printable(version)})`}`
}

function appFacts({
  generation,
  version,
  workers,
  numWorkers,
  standby,
  canary,
  reloading,
  ports
}: AppStatus): string[] {
  const serving = workers.filter(one => one.state === 'spawned' && one.generation === generation).length
  return [
    describeGeneration(generation, version),
    serving === numWorkers ? count(numWorkers, 'worker') : `${serving} of ${count(numWorkers, 'worker')}`,
    ...(reloading ? ['reloading'] : []),
    ...(standby === null ? [] : [`${describeGeneration(standby.generation, standby.version)} waits`]),
    ...(canary === null ? [] : [`with ${formatPercent(canary.share * 100)} of the clients`]),
    ...ports.map(port => describePort(port, undefined, false))
  ]
}

function describeHeld({ held, pausedBy, oldestHeldMs }: ControlStatus): string {
  const why = pausedBy.length === 0 ? '' : ` (by ${pausedBy.join(' and ')})`
  const since = held === 0 ? '' : `, the first for ${formatAge(oldestHeldMs)}`
  return `held ${held}${why}${since}`
}

function workerColumns({ generation, standby }: AppStatus): readonly Column<WorkerRow>[] {
  const stateOf = (worker: WorkerRow): string => {
    if (worker.state !== 'spawned') return STATES[worker.state]
    if (worker.generation === standby?.generation) return 'standing by'
    return worker.generation === generation ? 'serving' : 'kept'
  }
  return [
    { title: 'GENERATION', of: one => one.generation, right: true },
    { title: 'VERSION', of: one => one.version },
    { title: 'PID', of: one => one.pid, right: true },
    { title: 'STATE', of: stateOf, good: ['serving'] },
    { title: 'AGE', of: one => formatAge(one.ageMs), right: true },
    { title: 'IN-FLIGHT', of: one => withUpgrades(one), right: true },
    { title: 'REQUESTS', of: one => one.requests, right: true },
    { title: 'ERRORS', of: one => one.errors, right: true },
    { title: 'P99', of: one => formatLatency(one.p99Ms), right: true },
    { title: 'CPU', of: one => formatPercent(one.cpuPercent), right: true },
    { title: 'MEMORY', of: one => formatBytes(one.memoryBytes), right: true },
    { title: 'CONNECTIONS', of: one => one.connections, right: true }
  ]
}

const STATES = { spawning: 'starting', terminating: 'leaving', terminated: 'gone' } as const

const UPSTREAM_COLUMNS: readonly Column<UpstreamRow>[] = [
  { title: 'UPSTREAM', of: one => one.name },
  {
    title: 'STATE',
    of: one => `${one.state}${one.backup ? ' backup' : ''}`,
    good: ['available', 'available backup'],
    bad: ['unavailable', 'unavailable backup']
  },
  { title: 'FOR', of: one => formatAge(Date.now() - one.since), right: true },
  { title: 'WEIGHT', of: one => one.weight, right: true },
  { title: 'IN-FLIGHT', of: one => withUpgrades(one), right: true },
  { title: 'REQUESTS', of: one => one.requests, right: true },
  { title: 'ERRORS', of: one => one.errors, right: true },
  { title: 'P99', of: one => formatLatency(one.p99Ms), right: true },
  { title: 'REASON', of: one => one.reason }
]

/** Requests, and open upgrades such as WebSockets. */
function withUpgrades({ inFlight, upgrades }: { inFlight: number; upgrades: number }): string {
  return upgrades === 0 ? String(inFlight) : `${inFlight} + ${upgrades}`
}
