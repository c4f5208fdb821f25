import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as prettier from 'prettier'
import { processes, temporary } from '../helpers/leftovers.js'
import { Program, testFolder } from '../helpers/program.js'

const BENCH = fileURLToPath(new URL('../../bench/hop.js', import.meta.url))
const hasWrk = spawnSync('wrk', ['-v']).error === undefined
const skip = hasWrk ? false : 'wrk is not installed'

interface Result {
  readonly rows: readonly {
    readonly name: string
    readonly results: readonly {
      readonly candidate: string
      readonly figures: Readonly<Record<string, number>>
      readonly rounds: readonly unknown[]
    }[]
  }[]
}

function startBench(t: TestContext, json: string): Program {
  return Program.start(t, [BENCH, '--quick', '--candidates', 'bare,up', '--json', json])
}

test('the hop bench prints a table in Markdown, and writes JSON', { skip }, async t => {
  const json = join(testFolder(t), 'hop.json')
  const bench = startBench(t, json)
  for (const round of [1, 2]) {
    await bench.waitFor(new RegExp(`hello, round ${round}, up`))
    await bench.waitFor(new RegExp(`hello, round ${round}, bare`))
  }
  assert.equal(await bench.ended(), 0, bench.output)
  const lines = bench.output.split('\n').filter(line => line.startsWith('|'))
  const cells = lines.map(line => line.slice(2, -2).split(' | '))
  assert.equal(lines.length, 4, bench.output)
  assert.deepEqual(
    cells[0]?.map(cell => cell.trim()),
    ['', 'hop: CPU µs per request', 'workers: CPU µs', 'all: CPU µs', 'requests/s', 'p50', 'p99', 'failed']
  )
  assert.match(lines[1] ?? '', /^\| -+( \| -+:){7} \|$/)
  assert.match(
    lines[2] ?? '',
    /^\| up \([\d.]+\) +\| +[\d.]+ \| +[\d.]+ \| +[\d.]+ \| +[\d,]+ \| +[\d.]+ ms \| +[\d.]+ ms \| +0 \|$/
  )
  assert.match(
    lines[3] ?? '',
    /^\| the app alone +\| +– \| +[\d.]+ \| +[\d.]+ \| +[\d,]+ \| +[\d.]+ ms \| +[\d.]+ ms \| +0 \|$/
  )
  assert.ok(await prettier.check(`${lines.join('\n')}\n`, { parser: 'markdown' }), 'prettier would change it')

  const { rows } = JSON.parse(readFileSync(json, 'utf8')) as Result
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['hello']
  )
  for (const { candidate, figures, rounds } of rows[0]?.results ?? []) {
    assert.equal(rounds.length, 2)
    assert.equal(figures['failed'], 0)
    assert.ok((figures['done'] ?? 0) > 0)
    assert.ok((figures['workersUs'] ?? 0) > 0)
    assert.equal((figures['hopUs'] ?? 0) > 0, candidate === 'up')
    assert.ok((figures['allUs'] ?? 0) >= (figures['workersUs'] ?? Infinity))
  }
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`the hop bench leaves no process and no file behind on ${signal}`, { skip }, async t => {
    const json = join(testFolder(t), 'hop.json')
    const bench = startBench(t, json)
    await bench.waitFor(/hello, round 1, up/)
    bench.signal(signal)
    await bench.waitFor(new RegExp(`ended by ${signal}`))
    const { code, left } = await bench.stop()
    assert.equal(code, signal === 'SIGINT' ? 130 : 143)
    assert.deepEqual(left, [])
    assert.deepEqual(processes(), [])
  })
}

test('the hop bench says what is wrong with its arguments', async t => {
  const bench = Program.start(t, [BENCH, '--rows', 'hello,hullo'])
  assert.equal(await bench.ended(), 2)
  assert.match(bench.output, /--rows names hullo: expected of hello, /)
  assert.deepEqual(
    readdirSync(temporary).filter(name => name.startsWith('up-bench-')),
    []
  )
})
