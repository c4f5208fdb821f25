import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allCpuColumns, type TableRow } from '../../bench/hop/columns.js'
import { cpuFigures, summarize, type Figures } from '../../bench/hop/figures.js'

function figures(hop: number, workers: number): Figures {
  return { done: 1000, failed: 0, perSecond: 1000, ...cpuFigures({ hop, workers }, 1000) }
}

test('what all processes cost is what the hop and the workers cost, for each request', () => {
  const { hopUs, workersUs, allUs } = figures(0.02, 0.03)
  assert.deepEqual([hopUs, workersUs, allUs].map(Math.round), [20, 30, 50])
})

test('the median of what all cost is of the rounds, not the sum of two medians', () => {
  const { hopUs, workersUs, allUs } = summarize([
    figures(0.01, 0.05),
    figures(0.03, 0.01),
    figures(0.02, 0.03)
  ])
  assert.deepEqual([hopUs, workersUs, allUs].map(Math.round), [20, 30, 50])
  assert.equal(Math.round(summarize([figures(0.01, 0.01), figures(0.02, 0), figures(0.05, 0.03)]).allUs), 20)
})

test('the columns of what all cost compare with those who take part, with a hop or without', () => {
  const cluster: TableRow = { candidate: 'cluster', hasHop: true, figures: figures(0, 0.02) }
  const bare: TableRow = { candidate: 'bare', hasHop: false, figures: figures(0, 0.01) }
  const columns = allCpuColumns(['cluster', 'bare', 'nginx'])
  assert.deepEqual(
    columns.map(({ head }) => head),
    ['all: CPU µs', "all ÷ cluster's", "all ÷ the app's", "all ÷ nginx's"]
  )
  const cells = [cluster, bare].map(row => columns.map(({ cell }) => cell(row, [cluster, bare])))
  assert.deepEqual(cells, [
    ['20.0', '1.00', '2.00', '–'],
    ['10.0', '0.50', '1.00', '–']
  ])
})
