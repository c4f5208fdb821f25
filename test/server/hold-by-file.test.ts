import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fixture, serve } from '../helpers/app.js'
import { fetchOnce, Load } from '../helpers/client.js'
import { testFolder } from '../helpers/program.js'
import { until } from '../helpers/wait.js'

const APP = fixture('app.mjs')

test('While the hold file is missing requests are held; touch serves them, rm holds them again', async t => {
  const holdFile = join(testFolder(t), 'balance')
  const { srv, port } = await serve(t, APP, { numWorkers: 1, holdFile })
  const seen: string[] = []
  srv.on('pause', ({ pausedBy }) => seen.push(`pause ${pausedBy.join()}`))
  srv.on('resume', () => seen.push('resume'))
  assert.equal(srv.status().state, 'paused')
  assert.deepEqual(srv.status().pausedBy, ['hold-file'])
  for (let i = 0; i < 3; i++) {
    const answer = fetchOnce(port, '/length', { method: 'POST', body: 'abc' })
    await until(() => srv.status().held === 1)
    writeFileSync(holdFile, '')
    assert.equal((await answer).body, '3')
    rmSync(holdFile)
    await until(() => srv.status().state === 'paused')
  }
  assert.deepEqual(seen, Array.from({ length: 3 }, () => ['resume', 'pause hold-file']).flat())
})

test('A pause and the hold file hold independently of each other', async t => {
  const folder = testFolder(t)
  const holdFile = join(folder, 'deep', 'balance')
  mkdirSync(join(folder, 'deep'))
  writeFileSync(holdFile, '')
  const { srv, port } = await serve(t, APP, { numWorkers: 1, holdFile })
  assert.equal((await fetchOnce(port)).status, 200)
  await srv.pause()
  renameSync(join(folder, 'deep'), join(folder, 'away'))
  await until(() => srv.status().pausedBy.length === 2)
  const answer = fetchOnce(port)
  await until(() => srv.status().held === 1)
  await srv.resume()
  assert.deepEqual(srv.status().pausedBy, ['hold-file'])
  assert.equal(srv.status().held, 1)
  renameSync(join(folder, 'away'), join(folder, 'deep'))
  assert.equal((await answer).status, 200)
})

test('The rate of resume() holds, too, where the hold file is missing at that time', async t => {
  const holdFile = join(testFolder(t), 'balance')
  writeFileSync(holdFile, '')
  const { srv, port } = await serve(t, APP, { numWorkers: 1, holdFile })
  await srv.pause()
  rmSync(holdFile)
  await until(() => srv.status().pausedBy.length === 2)
  const answers = Array.from({ length: 6 }, () => fetchOnce(port))
  await until(() => srv.status().held === 6)
  await srv.resume({ rate: 5 })
  const since = performance.now()
  writeFileSync(holdFile, '')
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
  const took = performance.now() - since
  assert.ok(took >= 900, `the sixth went on after ${took} ms`)
})

test('50 times rm and touch under load cost no request', async t => {
  const holdFile = join(testFolder(t), 'balance')
  writeFileSync(holdFile, '')
  const { srv, port } = await serve(t, APP, { numWorkers: 1, holdFile })
  const load = new Load(port, 8, true)
  for (let i = 0; i < 50; i++) {
    await load.answered(5)
    rmSync(holdFile)
    await until(() => srv.status().state === 'paused')
    writeFileSync(holdFile, '')
    await until(() => srv.status().state === 'running')
  }
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
})

test('A hold file that is no path, or a poll that is no duration, is refused', async t => {
  for (const options of [
    { holdFile: '' },
    { holdFile: 3 },
    { holdPoll: 0 },
    { holdResponse: { status: 200 } }
  ])
    await assert.rejects(serve(t, APP, options as object), { code: 'UP_ERR_OPTION' })
})
