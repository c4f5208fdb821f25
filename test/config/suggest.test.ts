import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suggest } from '#lib/config/suggest.js'

const NAMES = ['numWorkers', 'workerTimeout', 'port', 'host', 'holdFile', 'holdPoll']

test('A slip of the hand is recognized: a letter missing, too many, another, or swapped', () => {
  assert.equal(suggest('numWorker', NAMES), 'numWorkers')
  assert.equal(suggest('workkerTimeout', NAMES), 'workerTimeout')
  assert.equal(suggest('workerTimeaut', NAMES), 'workerTimeout')
  assert.equal(suggest('prot', NAMES), 'port')
  assert.equal(suggest('HOLD_FILE', NAMES), 'holdFile')
})

test('Of two that are alike the nearer one is meant', () => {
  assert.equal(suggest('holdPol', NAMES), 'holdPoll')
})

test('What is like nothing gets no suggestion, nor does a short word', () => {
  assert.equal(suggest('colour', NAMES), undefined)
  assert.equal(suggest('pt', NAMES), undefined)
  assert.equal(suggest('', NAMES), undefined)
})
