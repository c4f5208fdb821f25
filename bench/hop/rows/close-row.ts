import { runAb } from '../../common/ab.js'
import { allCpuColumns, cpuColumns, FAILED_COLUMN, LATENCY_COLUMNS, perSecondColumn } from '../columns.js'
import { cpuFigures } from '../figures.js'
import type { Row } from '../row.js'

const CONNECTIONS = 64
/** About as many as a second brings. */
const REQUESTS_PER_SECOND = 4000

/** A connection for each request. wrk cannot do it well. */
export const CLOSE_ROW: Row = {
  name: 'close',
  title: () => `\`Connection: close\`: one request per connection, ${CONNECTIONS} at once (\`ab\`)`,
  candidates: [
    'up',
    'up-plain',
    'up-handoff',
    'nginx',
    'haproxy',
    'undici',
    'cluster',
    'cluster-none',
    'bare'
  ],
  needs: ['wrk', 'ab'],
  fresh: false,
  columns: [
    ...cpuColumns('request'),
    ...allCpuColumns(['cluster', 'bare']),
    perSecondColumn('requests/s'),
    ...LATENCY_COLUMNS,
    FAILED_COLUMN
  ],
  async measure(subject, { workshop, flags: { seconds } }) {
    const { result, cpu } = await subject.accounted(async () => {
      const start = performance.now()
      const report = await runAb(
        {
          port: subject.port,
          requests: REQUESTS_PER_SECOND * seconds,
          concurrency: CONNECTIONS,
          keepAlive: false
        },
        workshop.signal
      )
      return { ...report, seconds: (performance.now() - start) / 1000 }
    })
    const done = result.requests - result.failed
    return {
      done,
      failed: result.failed,
      ...cpuFigures(cpu, done),
      perSecond: done / result.seconds,
      ...result.latency
    }
  }
}
