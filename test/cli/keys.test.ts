import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeKeys } from '#lib/cli/keys.js'

test('r, R and Ctrl+R reload; Ctrl+C, Ctrl+Z and Ctrl+\\ are what they are on a terminal', () => {
  for (const key of ['r', 'R', '\x12']) assert.deepEqual(decodeKeys(key), ['reload'])
  assert.deepEqual(decodeKeys('\x03'), ['interrupt'])
  assert.deepEqual(decodeKeys('\x1a'), ['suspend'])
  assert.deepEqual(decodeKeys('\x1c'), ['quit'])
})

test('Other keys do nothing', () => {
  assert.deepEqual(decodeKeys('q \r\n\t\x04é'), [])
})

test('Keys that come together each count once, in their order', () => {
  assert.deepEqual(decodeKeys('rr\x12\x03r'), ['reload', 'interrupt'])
})

test('The letters of an escape sequence are no keys', () => {
  assert.deepEqual(decodeKeys('\x1b[A'), [], 'arrow')
  assert.deepEqual(decodeKeys('\x1bOR'), [], 'F3')
  assert.deepEqual(decodeKeys('\x1b[1;5R'), [], 'cursor position')
  assert.deepEqual(decodeKeys('\x1br'), [], 'Alt+R')
  assert.deepEqual(decodeKeys('\x1b[<0;10;10Mr'), ['reload'], 'a mouse click, and a key behind it')
})
