import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineSplitter } from '#lib/worker/line-splitter.js'

function split(pieces: readonly (string | Buffer)[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(text => lines.push(text))
  for (const piece of pieces) splitter.push(Buffer.from(piece as string))
  splitter.end()
  return lines
}

test('Lines come out whole, however they came in, and so does what is left at the end', () => {
  const text = Buffer.from('one\ntwo ä\r\n\nthree 🙂')
  const expected = ['one', 'two ä', '', 'three 🙂']
  assert.deepEqual(split([text]), expected)
  assert.deepEqual(split([...text].map(byte => Buffer.of(byte))), expected)
})

test('A line without an end is cut, between two characters, before it takes too much memory', () => {
  const lines = split(['x', ...Array<string>(300).fill('🙂'.repeat(2000))])
  assert.ok(lines.length > 1)
  assert.ok(lines.every(line => line.length <= 1_048_576))
  assert.equal(lines.join(''), 'x' + '🙂'.repeat(600_000))
})
