import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Feed } from '#lib/control/feed.js'
import { handleCalls } from '#lib/control/handle.js'
import type { Steered } from '#lib/control/steered.js'
import { EventReader, startSteered } from '../helpers/control.js'
import { until, within } from '../helpers/wait.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

interface Api {
  readonly feed: Feed
  /** How often the state was looked at. */
  looks(): number
  readonly path: string
  /** How many clients wait for events. */
  connections(): number
}

async function startApi(t: TestContext): Promise<Api> {
  const feed = new Feed()
  const history = { listen: () => () => {} }
  let looks = 0
  const status = (): object => (looks++, { state: 'running' })
  const steered = { feed, history, status, ready: () => true }
  const server = createServer(handleCalls(steered as unknown as Steered))
  const path = join(tempFolder(t), 'api.sock')
  let open = 0
  server.on('connection', socket => {
    open++
    socket.on('close', () => open--)
  })
  await once(server.listen(path), 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { feed, path, looks: () => looks, connections: () => open }
}

test('The state comes at once, then each event in order, numbered', async t => {
  const { feed, path } = await startApi(t)
  const reader = await EventReader.open(t, path)
  const first = await reader.ofType('status')
  assert.equal(reader.seen[0], first)
  assert.equal(first.id, undefined)
  assert.equal(first.data['state'], 'running')
  for (let i = 1; i <= 20; i++) feed.tell('spawn', { pid: i })
  await reader.find('the last event', ({ id }) => id === 20)
  const spawned = reader.seen.filter(({ type }) => type === 'spawn')
  assert.deepEqual(
    spawned.map(({ id, data }) => [id, data['pid']]),
    Array.from({ length: 20 }, (_, i) => [i + 1, i + 1])
  )
  for (const { data } of spawned) assert.equal(Object.keys(data)[0], 'at')
})

test('The state comes again each second', async t => {
  const { path } = await startApi(t)
  const reader = await EventReader.open(t, path)
  await reader.find('a second state', () => reader.seen.filter(({ type }) => type === 'status').length >= 2)
})

test('However many read, the state is made once for all of them, and not at all when they are gone', async t => {
  const { path, looks, connections } = await startApi(t)
  const readers = await Promise.all([1, 2, 3, 4, 5].map(() => EventReader.open(t, path)))
  for (const reader of readers) await reader.ofType('status')
  const before = looks()
  assert.equal(before, 5)
  const [first] = readers
  assert.ok(first)
  await first.find('three more states', () => first.seen.filter(({ type }) => type === 'status').length >= 4)
  assert.ok(looks() <= before + 4, `${looks()} looks`)
  for (const reader of readers) reader.close()
  await until(() => connections() === 0)
  const after = looks()
  // Longer than from one to the next.
  await new Promise(resolve => setTimeout(resolve, 1500))
  assert.equal(looks(), after)
})

test('Last-Event-ID brings what was missed, once, and then what comes', async t => {
  const { feed, path } = await startApi(t)
  for (let i = 1; i <= 5; i++) feed.tell('spawn', { pid: i })
  const reader = await EventReader.open(t, path, ['Last-Event-ID: 3'])
  await reader.find('the last of those that were missed', ({ id }) => id === 5)
  feed.tell('retire', { pid: 1 })
  await reader.ofType('retire')
  const ids = reader.seen.filter(({ type }) => type !== 'status').map(({ id }) => id)
  assert.deepEqual(ids, [4, 5, 6])
})

test('Without Last-Event-ID nothing old comes; 500 events are kept, and no more', async t => {
  const { feed, path } = await startApi(t)
  for (let i = 1; i <= 600; i++) feed.tell('spawn', { pid: i })
  const fresh = await EventReader.open(t, path)
  await fresh.ofType('status')
  feed.tell('resume', {})
  assert.equal((await fresh.find('an event', ({ type }) => type !== 'status')).id, 601)
  const back = await EventReader.open(t, path, ['Last-Event-ID: 1'])
  await back.find('the last event', ({ id }) => id === 601)
  const ids = back.seen.filter(({ type }) => type !== 'status').map(({ id }) => id)
  assert.equal(ids.length, 500)
  assert.equal(ids[0], 102)
})

test('A number from before the program was started anew brings all that there is', async t => {
  const { feed, path } = await startApi(t)
  feed.tell('spawn', { pid: 1 })
  const reader = await EventReader.open(t, path, ['Last-Event-ID: 999'])
  assert.equal((await reader.ofType('spawn')).id, 1)
})

test('A reader that takes nothing is dropped once a megabyte waits; others get every event', async t => {
  const { feed, path, connections } = await startApi(t)
  const slow = connect(path)
  t.after(() => slow.destroy())
  slow.on('error', () => {})
  await within(once(slow, 'connect'), 'the connection')
  slow.pause()
  slow.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
  const reader = await EventReader.open(t, path)
  await reader.ofType('status')
  await until(() => connections() === 2)
  const text = 'x'.repeat(10_000)
  let told = 0
  while (connections() === 2) {
    assert.ok(++told < 2000, 'it is still there, with 20 MB')
    feed.tell('fail', { text })
    await reader.find('the event', ({ id }) => id === told)
  }
  assert.ok(told > 100, `${told} events of 10 kB`)
  feed.tell('resume', {})
  await reader.ofType('resume')
})

test('A reader that leaves leaves nothing behind', async t => {
  const { feed, path, connections } = await startApi(t)
  const reader = await EventReader.open(t, path)
  await reader.ofType('status')
  reader.close()
  await until(() => connections() === 0)
  feed.tell('resume', {})
})

test('A reload is told as it goes: reloading, the new workers, the switch, the old ones, the outcome', async t => {
  const up = await startSteered(t)
  const reader = await EventReader.open(t, up.socket)
  await reader.ofType('status')
  up.proc.kill('SIGUSR2')
  await reader.find('both to leave', () => reader.seen.filter(one => one.type === 'terminate').length === 2)
  const types = reader.seen.map(({ type }) => type)
  assert.equal((await reader.ofType('reloading')).data['why'], 'SIGUSR2')
  const { outcome, generation, version } = (await reader.ofType('reload')).data
  assert.deepEqual([outcome, generation, version], ['ok', 2, '1.4.0'])
  for (const [a, b] of [
    ['reloading', 'spawn'],
    ['spawn', 'switch'],
    ['switch', 'terminate']
  ] as const)
    assert.ok(types.indexOf(a) < types.indexOf(b), `${a} before ${b}: ${types.join(' ')}`)
  write(up.cwd, 'app.js', 'throw new Error("no such thing")')
  up.proc.kill('SIGUSR2')
  const failed = await reader.find(
    'the failure',
    one => one.type === 'reload' && one.data['outcome'] === 'failed'
  )
  const { code, message } = failed.data['error'] as { code: string; message: string }
  assert.equal(code, 'UP_ERR_RELOAD')
  assert.match(message, /no such thing/)
})
