import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { formatMs, headline } from '#lib/cli/format.js'
import { Output, wantsColour } from '#lib/cli/output.js'
import { ReloadError, UpError, WorkerError } from '#lib/errors.js'

test('Colour is only for terminals that know it, and not with NO_COLOR', () => {
  assert.equal(wantsColour({ isTTY: true }, { TERM: 'xterm' }), true)
  assert.equal(wantsColour({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '' }), true)
  assert.equal(wantsColour({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '1' }), false)
  assert.equal(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false)
  assert.equal(wantsColour({ isTTY: false }, { TERM: 'xterm', FORCE_COLOR: '1' }), false)
  assert.equal(wantsColour({}, {}), false)
})

test('Each line says that it is ours; only what is coloured holds escapes', () => {
  const plain = new PassThrough()
  const out = new Output(plain, false)
  out.info('one')
  out.good('two')
  out.warn('three')
  out.error('four\n  at five')
  assert.equal(String(plain.read()), 'up: one\nup: two\nup: three\nup: four\n  at five\n')
  const coloured = new PassThrough()
  new Output(coloured, true).good('done')
  assert.equal(String(coloured.read()), '\x1b[2mup:\x1b[22m \x1b[32mdone\x1b[39m\n')
})

test("A worker's failure is told without what it wrote to stderr, which is there already", () => {
  const cause = new WorkerError(
    'UP_ERR_WORKER_START',
    'worker 1 failed to start: it exited with code 1',
    'Error: boom\n  at x'
  )
  assert.match(cause.message, /boom/)
  assert.equal(headline(cause), 'worker 1 failed to start: it exited with code 1')
  const said = new UpError('UP_ERR_EXPORT', 'it exports 1')
  const exports = new WorkerError(
    'UP_ERR_EXPORT',
    'worker 1 failed to start: it exports 1',
    'it exports 1',
    said
  )
  assert.equal(headline(exports), 'worker 1 failed to start')
  assert.equal(headline(new ReloadError('the reload failed', cause)), 'the reload failed')
  assert.match(headline(new TypeError('unforeseen')), /^TypeError: unforeseen\n {4}at /)
})

test('Times are shown in milliseconds, or in seconds from one on', () => {
  assert.deepEqual([0.4, 231.6, 1000, 61_234].map(formatMs), ['0 ms', '232 ms', '1.0 s', '61.2 s'])
})
