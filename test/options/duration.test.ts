import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_DURATION_MS, parseDuration } from '#lib/options/duration.js'
import { optionError } from '../helpers/option-error.js'

test('A number is a duration in milliseconds', () => {
  assert.equal(parseDuration('timeout', 0), 0)
  assert.equal(parseDuration('timeout', 1500), 1500)
  assert.equal(parseDuration('timeout', MAX_DURATION_MS), MAX_DURATION_MS)
})

test('A fraction of a millisecond is rounded', () => {
  assert.equal(parseDuration('timeout', 1.6), 2)
  assert.equal(parseDuration('timeout', '0.0015s'), 2)
})

for (const [text, expected] of [
  ['500', 500],
  ['500ms', 500],
  ['10s', 10_000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['2 minutes', 120_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
  [' 10s ', 10_000],
  ['0', 0]
] as const) {
  test(`${JSON.stringify(text)} is ${expected} ms`, () => {
    assert.equal(parseDuration('timeout', text), expected)
  })
}

for (const value of [
  '',
  '  ',
  'soon',
  '10 parsecs',
  '10s!',
  '-1s',
  '25d',
  '1'.repeat(101),
  -1,
  MAX_DURATION_MS + 1,
  NaN,
  Infinity,
  null,
  undefined,
  true,
  [],
  {},
  10n
]) {
  test(`${typeof value === 'bigint' ? '10n' : (JSON.stringify(value) ?? 'undefined').slice(0, 40)} is no duration`, () => {
    assert.throws(() => parseDuration('timeout', value), optionError('timeout', value, /a duration: milli/))
  })
}
