import type { Latency } from '../common/latency.js'
import { markdownTable } from '../common/markdown.js'
import type { Result } from './result.js'

/** The results of one part as a Markdown table, one column for each master. */
export function makeTable(results: readonly Result[]): string {
  const rows: [string, (result: Result) => string][] = [
    ['requests', result => count(result.requests)],
    ['of these uploads', result => count(result.uploads)],
    ['**failed requests**', result => bold(result.failed)],
    ['**broken connections**', result => bold(result.broken)],
    ['broken by each reload', ({ broken, reloads }) => (broken / reloads).toFixed(0)],
    ['p50 without / with reloads', result => pair(result, 'p50')],
    ['p99 without / with reloads', result => pair(result, 'p99')],
    ['reloads, median time of one', result => `${result.reloads}, ${Math.round(result.reloadP50)} ms`],
    ["workers' peak number", result => count(result.peakWorkers)],
    [
      "master's memory before / peak / after",
      ({ rssBefore, rssPeak, rssAfter }) => `${[rssBefore, rssPeak, rssAfter].map(megabytes).join(' / ')} MB`
    ],
    [
      "master's open descriptors before / after",
      ({ descriptorsBefore, descriptorsAfter }) => `${descriptorsBefore} / ${descriptorsAfter}`
    ]
  ]
  const shown = rows.filter(
    ([name]) => name !== 'of these uploads' || results.some(({ uploads }) => uploads > 0)
  )
  return markdownTable(
    ['', ...results.map(({ master }) => master)],
    shown.map(([name, cell]) => [name, ...results.map(cell)])
  )
}

function pair({ calm, reloading }: Result, key: keyof Latency): string {
  return `${calm[key].toFixed(1)} / ${reloading[key].toFixed(1)} ms`
}

export function bold(value: number): string {
  return `**${count(value)}**`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
