import { setTimeout as delay } from 'node:timers/promises'
import { count, decimal, FAILED_COLUMN, milliseconds, type Column } from '../columns.js'
import type { Figures } from '../figures.js'
import type { FromClient, ToClient } from '../protocol.js'
import type { Row } from '../row.js'
import { wrkFigures } from '../wrk-figures.js'

const ACTIVE = 64
const START_MS = 120_000
const ASK_MS = 10_000
/** What accepting has left to do, and to collect, is done before memory is read. */
const SETTLE_MS = 1000

const COLUMNS: readonly Column[] = [
  { head: 'still open', cell: ({ figures }) => count(figures.connections) },
  {
    head: 'memory of each',
    cell: ({ figures }) => `${decimal((figures.bytesPerConnection ?? NaN) / 1000)} kB`
  },
  { head: 'p50 without / with', cell: ({ figures }) => pair(figures.p50Alone, figures.p50) },
  { head: 'p99 without / with', cell: ({ figures }) => pair(figures.p99Alone, figures.p99) },
  {
    head: 'hop: CPU µs per request without / with',
    cell: ({ hasHop, figures }) =>
      hasHop ? `${decimal(figures.hopUsAlone)} / ${decimal(figures.hopUs)}` : '–'
  },
  FAILED_COLUMN
]

/** Connections that sent one request each and are silent since, and others that are active meanwhile. */
export const IDLE_ROW: Row = {
  name: 'idle',
  title: ({ idle }) => `${count(idle)} idle keep-alive connections beside ${ACTIVE} active ones`,
  candidates: ['up', 'up-plain', 'nginx', 'haproxy', 'bare'],
  needs: ['wrk'],
  fresh: true,
  columns: COLUMNS,
  async measure(subject, { workshop, flags }) {
    const active = (): Promise<Figures> =>
      wrkFigures(subject, workshop, { connections: ACTIVE, seconds: flags.seconds })
    const alone = await active()
    const rssBefore = subject.memory().rss
    const program = new URL('../clients/idle-client.js', import.meta.url)
    const client = workshop.fork<ToClient, FromClient>(program, [String(subject.port), String(flags.idle)])
    try {
      const { connections } = await client.await('ready', START_MS)
      await delay(SETTLE_MS)
      const rss = subject.memory().rss
      const figures = await active()
      const { report } = await client.ask({ type: 'run', seconds: 0 }, ASK_MS)
      return {
        ...figures,
        failed: figures.failed + alone.failed + flags.idle - report.connections,
        ...(alone.p50 === undefined ? {} : { p50Alone: alone.p50 }),
        ...(alone.p99 === undefined ? {} : { p99Alone: alone.p99 }),
        hopUsAlone: alone.hopUs,
        rssBefore,
        rssPeak: rss,
        bytesPerConnection: (rss - rssBefore) / connections,
        connections: report.connections
      }
    } finally {
      await workshop.stop(client)
    }
  }
}

function pair(without: number | undefined, beside: number | undefined): string {
  return `${milliseconds(without)} / ${milliseconds(beside)}`
}
