import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as prettier from 'prettier'
import { processes } from '../helpers/leftovers.js'
import { Program, testFolder } from '../helpers/program.js'

const BENCH = fileURLToPath(new URL('../../bench/reload.js', import.meta.url))
const QUICK = [
  ...['--workers', '2', '--reloads', '2', '--rounds', '1', '--connections', '8', '--uploads', '2'],
  ...['--calm', '200', '--idle', '40', '--idle-reloads', '2', '--grace', '500']
]

interface Result {
  readonly parts: readonly {
    readonly title: string
    readonly results: readonly {
      readonly master: string
      readonly failed: number
      readonly broken: number
      readonly reloads: number
      readonly requests: number
      readonly used: Readonly<Record<string, number>>
      readonly unused: Readonly<Record<string, number>>
      readonly reloadTimes: readonly number[]
      readonly goneTimes: readonly number[]
    }[]
  }[]
}

test('the reload bench prints tables in Markdown, writes JSON, and finds nothing that up broke', async t => {
  const json = join(testFolder(t), 'reload.json')
  const args = ['--parts', 'keep-alive,idle', '--masters', 'up-rolling,cluster', '--json', json]
  const bench = Program.start(t, [BENCH, ...QUICK, ...args])
  assert.equal(await bench.ended(), 0, bench.output)
  const tables = bench.output.split('\n\n').filter(text => text.startsWith('|'))
  assert.equal(tables.length, 2, bench.output)
  for (const table of tables) assert.ok(await prettier.check(`${table}\n`, { parser: 'markdown' }), table)
  const { parts } = JSON.parse(readFileSync(json, 'utf8')) as Result
  const [keepAlive, idle] = parts.map(({ results }) => results)
  const [up, cluster] = keepAlive ?? []
  assert.match(up?.master ?? '', /^up, 'rolling' \([\d.]+\)$/)
  assert.equal(cluster?.master, 'node:cluster')
  assert.deepEqual([up?.failed, up?.broken, up?.reloads, cluster?.reloads], [0, 0, 2, 2])
  assert.ok((up?.requests ?? 0) > 0)

  const [upIdle, clusterIdle] = idle ?? []
  const all = { opened: 20, closed: 0, usable: 20 }
  assert.deepEqual([upIdle?.used, upIdle?.unused], [all, all])
  assert.equal(upIdle?.goneTimes.length, 2)
  for (const [i, gone] of upIdle.goneTimes.entries()) assert.ok(gone >= (upIdle.reloadTimes[i] ?? Infinity))
  // What the bench is there to see: node:cluster closes them all, those never used when the grace time is over.
  for (const count of [clusterIdle?.used, clusterIdle?.unused]) {
    assert.equal(count?.['opened'], 20)
    assert.equal(count['usable'], 0)
  }
  assert.deepEqual(processes(), [])
})

for (const [part, signal] of [
  ['keep-alive', 'SIGINT'],
  ['idle', 'SIGTERM']
] as const) {
  test(`the reload bench leaves no process and no file behind on ${signal}`, async t => {
    const args = [
      '--parts',
      part,
      '--masters',
      'up-first,cluster',
      '--reloads',
      '1000',
      '--idle-reloads',
      '1000'
    ]
    const bench = Program.start(t, [BENCH, ...QUICK, ...args, '--json', join(testFolder(t), 'reload.json')])
    await bench.waitFor(/is under load|are open/)
    bench.signal(signal)
    await bench.waitFor(new RegExp(`ended by ${signal}`))
    assert.deepEqual(await bench.stop(), { code: signal === 'SIGINT' ? 130 : 143, left: [] })
    assert.deepEqual(processes(), [])
  })
}

test('the reload bench says what is wrong with its arguments', async t => {
  for (const [args, message] of [
    [['--parts', 'idle,idel'], /--parts names idel: expected of keep-alive, idle, ab, ab-k/],
    [['--masters', 'up'], /--masters names up: expected of up-first, /],
    [['--idle', '100000000'], /--idle is 100000000: expected \d+ at most, see ulimit -Hn/],
    [['--reloads', '0'], /--reloads is 0: expected a whole number from 1/]
  ] as const) {
    const bench = Program.start(t, [BENCH, ...args])
    assert.equal(await bench.ended(), 2)
    assert.match(bench.output, message)
  }
})
