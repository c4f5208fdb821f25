import { cpuColumns, FAILED_COLUMN, perSecondColumn } from '../columns.js'
import { cpuFigures } from '../figures.js'
import type { FromClient, ToClient } from '../protocol.js'
import type { Row } from '../row.js'

const SOCKETS = 500
const START_MS = 30_000
const PATIENCE_MS = 30_000

/** Each WebSocket sends a message when the one before has come back. */
export const WEBSOCKET_ROW: Row = {
  name: 'websocket',
  title: () => `${SOCKETS} WebSockets, each with a message under way to and fro`,
  candidates: ['up', 'nginx', 'haproxy', 'cluster', 'bare'],
  needs: ['wrk'],
  fresh: false,
  columns: [...cpuColumns('message'), perSecondColumn('messages/s'), FAILED_COLUMN],
  async measure(subject, { workshop, flags: { seconds } }) {
    const program = new URL('../clients/websocket-client.js', import.meta.url)
    const client = workshop.fork<ToClient, FromClient>(program, [String(subject.port), String(SOCKETS)])
    try {
      await client.await('ready', START_MS)
      const limit = seconds * 1000 + PATIENCE_MS
      const { result, cpu } = await subject.accounted(() => client.ask({ type: 'run', seconds }, limit))
      const { done, failed, seconds: took } = result.report
      return {
        done,
        failed,
        ...cpuFigures(cpu, done),
        perSecond: done / took
      }
    } finally {
      await workshop.stop(client)
    }
  }
}
