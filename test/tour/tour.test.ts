import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tempFolder } from '../helpers/watch-folder.js'
import { tour } from './tour.js'

test('The tour: a broken release, a good one, pause, resume, scale, rollback and stop lose no request', async t => {
  const { steps, failed, requests, versions } = await tour(tempFolder(t), () => {})
  const codes = steps.map(({ command, code }) => `${command}: ${code}`)
  assert.deepEqual(codes, [
    'status: 0',
    'reload: 1',
    'reload: 0',
    'pause: 0',
    'status: 0',
    'resume: 0',
    'scale 3: 0',
    'rollback: 0',
    'status: 0',
    'stop: 0'
  ])
  const [before, broken, , , paused, , , , after] = steps.map(({ output }) => output)
  assert.match(before ?? '', /generation 1/)
  assert.match(broken ?? '', /cannot find the database/)
  assert.match(paused ?? '', /paused[^]*held [1-9]/)
  assert.match(after ?? '', /1\.0\.0/)
  assert.deepEqual(failed, [])
  assert.ok(requests >= 400)
  assert.deepEqual(versions, ['1.0.0', '1.0.0', '1.2.0', '1.2.0', '1.0.0'])
})
