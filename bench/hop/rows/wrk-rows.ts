import { allCpuColumns, cpuColumns, FAILED_COLUMN, LATENCY_COLUMNS, perSecondColumn } from '../columns.js'
import type { Row } from '../row.js'
import { wrkFigures } from '../wrk-figures.js'

const COLUMNS = [
  ...cpuColumns('request'),
  ...allCpuColumns(['cluster', 'nginx']),
  perSecondColumn('requests/s'),
  ...LATENCY_COLUMNS,
  FAILED_COLUMN
]
const SOME = ['up', 'up-plain', 'up-handoff', 'nginx', 'haproxy', 'undici', 'cluster', 'bare'] as const

interface WrkRow extends Pick<Row, 'name' | 'title' | 'candidates'> {
  readonly connections: number
  readonly json?: boolean
}

export const WRK_ROWS: readonly Row[] = [
  wrkRow({
    name: 'hello',
    title: () => 'Hello world, 64 keep-alive connections',
    candidates: [
      'up',
      'up-metrics',
      'up-plain',
      'up-handoff',
      'nginx',
      'haproxy',
      'undici',
      'http-proxy',
      'httpxy',
      'cluster',
      'bare'
    ],
    connections: 64
  }),
  wrkRow({
    name: 'middleware',
    title: () => 'The same, five middlewares that do nothing',
    candidates: ['up', 'up-middleware', 'nginx'],
    connections: 64
  }),
  wrkRow({
    name: 'access-log',
    title: () => 'The same, with a line in an access log for each request',
    candidates: ['up', 'up-plain', 'up-access-json', 'up-access-combined', 'nginx', 'nginx-access'],
    connections: 64
  }),
  wrkRow({
    name: 'connections',
    title: () => 'Hello world, 1,000 keep-alive connections',
    candidates: SOME,
    connections: 1000
  }),
  wrkRow({
    name: 'json',
    title: () => '10 kB of JSON up and down, 64 keep-alive connections',
    candidates: SOME,
    connections: 64,
    json: true
  })
]

function wrkRow({ connections, json = false, ...row }: WrkRow): Row {
  return {
    ...row,
    needs: ['wrk'],
    fresh: false,
    columns: COLUMNS,
    measure: (subject, { workshop, flags: { seconds } }) =>
      wrkFigures(subject, workshop, { connections, seconds, json })
  }
}
