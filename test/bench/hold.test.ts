import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as prettier from 'prettier'
import { orderOf } from '../../bench/hold/order.js'
import { processes } from '../helpers/leftovers.js'
import { Program, testFolder } from '../helpers/program.js'

const BENCH = fileURLToPath(new URL('../../bench/hold.js', import.meta.url))
const QUICK = [
  ...['--candidates', 'up', '--rate', '50', '--seconds', '5', '--away', '500'],
  ...['--held', '50', '--uploads', '20', '--upload-bytes', '10000000']
]

interface Result {
  readonly parts: readonly {
    readonly title: string
    readonly broken: readonly string[]
    readonly results: readonly Readonly<Record<string, unknown>>[]
  }[]
}

test('the hold bench prints tables in Markdown, writes JSON, and finds nothing that failed', async t => {
  const json = join(testFolder(t), 'hold.json')
  const parts = ['--parts', 'outage,held,uploads']
  const bench = Program.start(t, [BENCH, ...QUICK, ...parts, '--json', json])
  assert.equal(await bench.ended(), 0, bench.output)
  const tables = bench.output.split('\n\n').filter(text => text.startsWith('|'))
  assert.equal(tables.length, 3, bench.output)
  for (const table of tables) assert.ok(await prettier.check(`${table}\n`, { parser: 'markdown' }), table)
  const { parts: measured } = JSON.parse(readFileSync(json, 'utf8')) as Result
  const [outage, held, uploads] = measured.map(({ results }) => results)
  assert.deepEqual(
    measured.flatMap(({ broken }) => broken),
    []
  )
  const [up] = outage ?? []
  assert.equal(up?.['failed'], 0)
  assert.equal(up?.['repeatedPosts'], 0)
  assert.ok(Number(up?.['longestMs']) > 300, 'nobody has waited')
  assert.deepEqual(
    held?.map(({ connections, fastPath, failed }) => ({ connections, fastPath, failed })),
    [true, false].map(fastPath => ({ connections: 50, fastPath, failed: 0 }))
  )
  for (const { takenBytes, failed } of uploads ?? []) {
    assert.equal(failed, 0)
    assert.ok(Number(takenBytes) > 0 && Number(takenBytes) < 20 * 10_000_000, String(takenBytes))
  }
  assert.deepEqual(processes(), [])
})

test('the hold bench leaves no process and no file behind on SIGTERM', async t => {
  const json = join(testFolder(t), 'hold.json')
  const parts = ['--parts', 'held,outage']
  const bench = Program.start(t, [BENCH, ...QUICK, '--seconds', '60', ...parts, '--json', json])
  await bench.waitFor(/CPUs/)
  bench.signal('SIGTERM')
  await bench.waitFor(/ended by SIGTERM/)
  assert.deepEqual(await bench.stop(), { code: 143, left: [] })
  assert.deepEqual(processes(), [])
})

test('the hold bench says what is wrong with its arguments', async t => {
  for (const [args, message] of [
    [['--parts', 'outrage'], /--parts names outrage: expected of outage, held, uploads, migration/],
    [['--seconds', '8'], /--seconds is 8: expected 9 at least with --away 5000/],
    [['--held', '10,x'], /--held is x: expected a whole number from 1/]
  ] as const) {
    const bench = Program.start(t, [BENCH, ...args])
    assert.equal(await bench.ended(), 2)
    assert.match(bench.output, message)
  }
})

test('an order is kept if none comes behind one that was sent more than 5 ms later', () => {
  assert.deepEqual(orderOf([0, 5, 10]), { count: 3, overtaken: 0, furthestMs: 0 })
  assert.deepEqual(orderOf([0, 14, 10, 20]), { count: 4, overtaken: 0, furthestMs: 4 })
  assert.deepEqual(orderOf([0, 30, 10, 20, 40]), { count: 5, overtaken: 2, furthestMs: 20 })
})
