import { decimal, FAILED_COLUMN, cpuColumns, timesColumn, type Column } from '../columns.js'
import { cpuFigures } from '../figures.js'
import type { FromClient, ToClient } from '../protocol.js'
import type { Row } from '../row.js'

const MEGABYTES = 100
const COLUMNS: readonly Column[] = [
  { head: 'MB/s', cell: ({ figures }) => (figures.perSecond * MEGABYTES).toFixed(0) },
  timesColumn('nginx', 'perSecond'),
  ...cpuColumns(`${MEGABYTES} MB`, { micro: false }).filter(({ head }) => !head.startsWith('÷')),
  { head: 'memory before', cell: ({ figures }) => megabytes(figures.rssBefore) },
  {
    head: 'grown by',
    cell: ({ figures: { rssBefore = NaN, rssPeak = NaN } }) => megabytes(Math.max(0, rssPeak - rssBefore))
  },
  { head: 'peak', cell: ({ figures }) => megabytes(figures.rssPeak) },
  FAILED_COLUMN
]
const START_MS = 20_000
const LIMIT_MS = 120_000

export const STREAM_ROWS: readonly Row[] = [
  streamRow('download', 'A download of 100 MB, one at a time'),
  streamRow('upload', 'An upload of 100 MB, one at a time')
]

function streamRow(name: 'download' | 'upload', title: string): Row {
  return {
    name,
    title: () => title,
    candidates: ['up', 'up-plain', 'nginx', 'haproxy', 'undici', 'bare'],
    needs: ['wrk'],
    fresh: false,
    columns: COLUMNS,
    async measure(subject, { workshop, flags: { seconds } }) {
      const args = [name, String(subject.port), String(MEGABYTES * 1e6)]
      const program = new URL('../clients/stream-client.js', import.meta.url)
      const client = workshop.fork<ToClient, FromClient>(program, args)
      try {
        await client.await('ready', START_MS)
        const rssBefore = subject.memory().rss
        const { result, cpu } = await subject.accounted(() => client.ask({ type: 'run', seconds }, LIMIT_MS))
        const { report } = result
        return {
          done: report.done,
          failed: report.failed,
          ...cpuFigures(cpu, report.done),
          perSecond: report.done / report.seconds,
          rssBefore,
          rssPeak: subject.memory().peak
        }
      } finally {
        await workshop.stop(client)
      }
    }
  }
}

function megabytes(bytes: number | undefined): string {
  return `${decimal(bytes === undefined ? undefined : bytes / 1e6)} MB`
}
