import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { OptionError } from '#lib/errors.js'
import { parseWorkerCount } from '#lib/options/worker-count.js'
import { optionError } from '../helpers/option-error.js'

const count = (value: unknown, cpus = 8): number => parseWorkerCount('numWorkers', value, cpus)

test('A whole number is a worker count', () => {
  assert.equal(count(1), 1)
  assert.equal(count(1024), 1024)
})

test('`cpus` stands for the CPUs that this process may use', () => {
  assert.equal(parseWorkerCount('numWorkers', 'cpus'), availableParallelism())
})

for (const [expression, expected] of [
  ['4', 4],
  ['cpus', 8],
  ['cpus + 2', 10],
  ['cpus * 2 - 1', 15],
  ['(cpus + 1) * 2', 18],
  ['cpus % 5', 3],
  ['2 ^ 3', 8],
  ['round(cpus / 3)', 3],
  ['ceil(cpus / 3)', 3],
  ['floor(cpus / 3)', 2],
  ['max(2, cpus - 1)', 7],
  ['min(4, cpus)', 4],
  ['cpus > 4 ? 4 : cpus', 4],
  [' cpus ', 8]
] as const) {
  test(`With 8 CPUs ${JSON.stringify(expression)} gives ${expected}`, () => {
    assert.equal(count(expression), expected)
  })
}

const functions = Object.getOwnPropertyNames(Math).filter(
  name => typeof Math[name as keyof Math] === 'function'
)

for (const name of functions) {
  test(`The function ${name} of Math can be used, and gives what it gives there`, () => {
    const fn = Math[name as keyof Math] as (...args: number[]) => number
    const args = name === 'atanh' ? [0.5] : fn.length === 2 ? [1, 1] : [1]
    const call = `${name}(${args.join(', ')})`
    // The difference to what Math gives is 0.
    assert.equal(count(name === 'random' ? `floor(${call}) + 1` : `${call} - (${fn(...args)}) + 1`), 1)
  })
}

test('Constants of Math are known, too', () => {
  assert.equal(count('floor(PI)'), 3)
  assert.equal(count('ceil(E)'), 3)
})

for (const value of [
  0,
  -1,
  1.5,
  1025,
  NaN,
  Infinity,
  null,
  undefined,
  true,
  [2],
  {},
  '',
  'many',
  'cpus cpus',
  '1;2',
  'cpus +',
  'x = 2',
  'f(x) = 2',
  'cpus.constructor',
  '"a".length',
  'cpus["constructor"]',
  'constructor.constructor("return 1")()',
  'process.exit()',
  'import("fs")',
  '"2"',
  'true',
  '[1]',
  '1' + ' + 1'.repeat(100)
]) {
  test(`${show(value)} is refused`, () => {
    assert.throws(() => count(value), optionError('numWorkers', value, /a whole number from 1 to 1024/))
  })
}

for (const [expression, result] of [
  ['0', '0'],
  ['cpus - 9', '-1'],
  ['cpus / 3', String(8 / 3)],
  ['2^1000000', 'Infinity'],
  ['2000', '2000'],
  ['sqrt(-1)', 'NaN']
] as const) {
  test(`${JSON.stringify(expression)} is refused, with its result`, () => {
    assert.throws(
      () => count(expression),
      (error: unknown) =>
        error instanceof OptionError && error.message.includes(`"${expression} (= ${result})", but must be`)
    )
  })
}

function show(value: unknown): string {
  return (typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'undefined')).slice(0, 40)
}
