import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TextTail } from '#lib/worker/text-tail.js'

test('A short text is kept whole', () => {
  const tail = new TextTail(10)
  tail.push(Buffer.from('one '))
  tail.push(Buffer.from('two\n'))
  assert.equal(tail.toString(), 'one two')
})

test('Of a long text the end is kept, and marked', () => {
  const tail = new TextTail(10)
  for (let i = 0; i < 100; i++) tail.push(Buffer.from(String(i)))
  assert.equal(tail.toString(), '...9596979899')
})

test('A single piece may be longer than what is kept', () => {
  const tail = new TextTail(4)
  tail.push(Buffer.from('0123456789'))
  assert.equal(tail.toString(), '...6789')
})
