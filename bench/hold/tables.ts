import { markdownTable } from '../common/markdown.js'
import type { HeldResult } from './held.js'
import type { MigrationResult } from './migration.js'
import type { Order } from './order.js'
import type { OutageResult } from './outage.js'

/** One column for each candidate. */
export function outageTable(results: readonly OutageResult[]): string {
  const rows: [string, (result: OutageResult) => string][] = [
    ['requests', result => count(result.requests)],
    ['answered rightly', result => count(result.succeeded)],
    ['POSTs in flight at the kill: 502', result => count(result.lost)],
    ['**failed otherwise**', result => `**${count(result.failed)}**`],
    ['POSTs that began twice', result => count(result.repeatedPosts)],
    ['GETs that began twice', result => count(result.repeatedGets)],
    ['the backend was away for', result => seconds(result.awayMs)],
    ['longest wait of an answered request', result => seconds(result.longestMs)],
    ['all that came before the return was answered after', result => seconds(result.recoveryMs)],
    ['let go behind one that came > 5 ms later', ({ letGo }) => disorder(letGo)],
    ['begun behind one that came > 5 ms later', ({ begun }) => disorder(begun)],
    ['p50 before the kill', result => `${result.calmP50.toFixed(1)} ms`],
    [
      'memory before / peak / after',
      ({ rssBefore, rssPeak, rssAfter }) => `${[rssBefore, rssPeak, rssAfter].map(megabytes).join(' / ')} MB`
    ]
  ]
  return columns(
    results.map(({ candidate }) => candidate),
    rows,
    results
  )
}

/** One row for each run. */
export function heldTable(results: readonly HeldResult[]): string {
  const head = [
    'held requests',
    'memory of each',
    'of this heap',
    'its connection',
    'released in',
    'answered in',
    'failed'
  ]
  return markdownTable(
    head,
    results.map(result => {
      const { connections, start, connected, heldLive, releaseMs, answeredMs, failed } = result
      const each = (bytes: number): string => `${(bytes / connections / 1000).toFixed(1)} kB`
      return [
        `${count(connections)} GETs${way(result)}`,
        each(heldLive.rss - connected.rss),
        each(heldLive.heap - connected.heap),
        each(connected.rss - start.rss),
        `${releaseMs.toFixed(0)} ms`,
        `${answeredMs.toFixed(0)} ms`,
        count(failed)
      ]
    })
  )
}

export function uploadsTable(results: readonly HeldResult[]): string {
  const head = [
    'held uploads',
    'sent meanwhile',
    'memory before',
    '**grown by**',
    'of this buffers, of each',
    'peak of the release',
    'answered in',
    'failed'
  ]
  return markdownTable(
    head,
    results.map(result => {
      const { connections, bodyBytes, takenBytes, connected, heldLive, rssPeakHolding, rssPeak } = result
      return [
        `${count(connections)} of ${count(bodyBytes / 1e6)} MB${way(result)}`,
        `${count(Math.round(takenBytes / 1e6))} MB`,
        `${megabytes(connected.rss)} MB`,
        `**${megabytes(rssPeakHolding - connected.rss)} MB**`,
        `${((heldLive.buffers - connected.buffers) / connections / 1000).toFixed(1)} kB`,
        `${megabytes(rssPeak)} MB`,
        seconds(result.answeredMs),
        count(result.failed)
      ]
    })
  )
}

export function migrationTable(results: readonly MigrationResult[]): string {
  const rows: [string, (result: MigrationResult) => string][] = [
    ['requests', result => count(result.requests)],
    ['**failed**', result => `**${count(result.failed)}**`],
    ['the migration took', result => seconds(result.migrationMs)],
    ['all of it took', result => seconds(result.deployMs)],
    ['longest wait', result => seconds(result.longestMs)],
    ['p50 before', result => `${result.calmP50.toFixed(1)} ms`],
    ['people lost or twice', result => count(result.wrongRows)]
  ]
  return columns(
    results.map(({ way }) => way),
    rows,
    results
  )
}

function columns<R>(
  heads: readonly string[],
  rows: readonly [string, (result: R) => string][],
  results: readonly R[]
): string {
  return markdownTable(
    ['', ...heads],
    rows.map(([name, cell]) => [name, ...results.map(cell)])
  )
}

function way({ fastPath }: HeldResult): string {
  return fastPath ? '' : ', fastPath false'
}

function disorder(order: Order | undefined): string {
  return order === undefined ? '–' : `${count(order.overtaken)} of ${count(order.count)}`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
