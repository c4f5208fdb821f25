import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { fetchOnce } from '../helpers/client.js'
import { call } from '../helpers/control.js'
import { startExternal } from '../helpers/external.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

type Config = Readonly<Record<string, unknown>>

interface Running {
  readonly up: CliProcess
  readonly port: number
  /** Of the control API. */
  readonly socket: string
  /** Changes the file, and has it read. */
  reload(config: Config): Promise<Readonly<Record<string, unknown>>>
}

async function start(t: TestContext, config: Config): Promise<Running> {
  const cwd = tempFolder(t)
  const put = (proxy: Config): void => {
    const place = { port: 0, host: '127.0.0.1', control: 'c.sock' }
    write(cwd, 'up.config.json', JSON.stringify({ proxy: { ...place, ...proxy } }))
  }
  put(config)
  const up = startUp(t, ['proxy'], { cwd })
  const port = Number(new URL(await up.url()).port)
  const socket = join(cwd, 'c.sock')
  const reload: Running['reload'] = async next => {
    put(next)
    const { status, json } = await call(socket, 'POST', '/reload')
    return { status, ...(json as object) }
  }
  return { up, port, socket, reload }
}

/** Who answers how often, of so many requests. */
async function answers({ port }: Running, count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const { body } = await fetchOnce(port)
    counts[body] = (counts[body] ?? 0) + 1
  }
  return counts
}

test('A reload of a proxy adds the upstreams that the file lists by now, and lets the others go', async t => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(name => startExternal(t, name)))
  const at = (one: typeof a, flags = ''): string => `127.0.0.1:${one?.place}${flags}`
  const running = await start(t, { upstreams: [at(a), at(b)] })
  assert.deepEqual(await answers(running, 4), { a: 2, b: 2 })
  const { status, notApplied } = await running.reload({ upstreams: [at(b, '#weight=3'), at(c)] })
  assert.deepEqual([status, notApplied], [200, []])
  await running.up.line(new RegExp(`reloaded in .*: proxying to .*:${b?.place} \\(weight 3\\)`))
  assert.deepEqual(await answers(running, 8), { b: 6, c: 2 })
})

test('What was added or removed by hand stays so over a reload of a proxy', async t => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(name => startExternal(t, name)))
  const at = (one: typeof a): string => `127.0.0.1:${one?.place}`
  const running = await start(t, { upstreams: [at(a), at(b)] })
  await call(running.socket, 'POST', '/upstreams', { add: at(c) })
  await call(running.socket, 'POST', '/upstreams', { remove: at(a) })
  await running.reload({ upstreams: [at(a), at(b)], maxHeld: 5 })
  assert.deepEqual(await answers(running, 4), { b: 2, c: 2 })
})

test('While a proxy is reloaded over and over, no request fails', async t => {
  const [a, b] = await Promise.all(['a', 'b'].map(name => startExternal(t, name)))
  const at = (one: typeof a): string => `127.0.0.1:${one?.place}`
  const running = await start(t, { upstreams: [at(a)] })
  let isOver = false
  const load = Array.from({ length: 8 }, async () => {
    let count = 0
    for (; !isOver; count++) assert.equal((await fetchOnce(running.port)).status, 200)
    return count
  })
  for (let i = 1; i <= 40; i++) {
    // Every one that serves is another one each time, with other limits.
    const { status } = await running.reload({ upstreams: [at(i % 2 === 0 ? a : b)], maxConnections: i })
    assert.equal(status, 200)
  }
  isOver = true
  for (const count of await Promise.all(load)) assert.ok(count > 0)
})

test('How many requests a proxy may hold, and for how long, is as the file says after a reload', async t => {
  const running = await start(t, { upstreams: ['unix:/nowhere.sock'], maxHeld: 0 })
  const held = async (): Promise<unknown> => {
    assert.equal((await fetchOnce(running.port)).status, 503)
    const { refused, expired } = (await call(running.socket, 'GET', '/status')).json as Config
    return [refused, expired]
  }
  await call(running.socket, 'POST', '/pause')
  assert.deepEqual(await held(), [1, 0])
  await running.reload({ upstreams: ['unix:/nowhere.sock'], maxHeld: 1, holdTimeout: 50 })
  assert.deepEqual(await held(), [1, 1])
})

test('What a reload of a proxy cannot change is named', async t => {
  const running = await start(t, { upstreams: ['unix:/nowhere.sock'] })
  const next = { upstreams: ['unix:/nowhere.sock'], title: 'shop', balance: 'random-two', maxHeld: 3 }
  assert.deepEqual((await running.reload(next))['notApplied'], ['title', 'balance'])
  await running.up.line(/other settings need a restart: title, balance$/)
})

test('A proxy that finishes what is in flight does not begin with other upstreams', async t => {
  const a = await startExternal(t, 'a')
  const upstreams = [`127.0.0.1:${a.place}`]
  const running = await start(t, { upstreams })
  const waiting = a.waiting()
  const answer = fetchOnce(running.port, '/wait')
  await waiting
  running.up.proc.kill('SIGTERM')
  await running.up.line(/finishing 1 request/)
  const { status, error } = await running.reload({ upstreams: [...upstreams, 'unix:/nowhere.sock'] })
  assert.equal(status, 500)
  assert.match((error as { message: string }).message, /^the reload failed: the server (is|was) clos/)
  await a.tell('answer')
  assert.equal((await answer).body, 'a waited')
  assert.equal(await running.up.exited, 0)
})

test('With a file that is wrong a reload of a proxy fails, and nothing changes', async t => {
  const a = await startExternal(t, 'a')
  const running = await start(t, { upstreams: [`127.0.0.1:${a.place}`] })
  const { status, error } = await running.reload({ upstreams: [], maxHeld: 0 })
  assert.equal(status, 500)
  const { code, message } = error as { code: string; message: string }
  assert.equal(code, 'UP_ERR_RELOAD')
  assert.match(message, /^the reload failed: up\.config\.json: proxy\.upstreams is \[\], but must be /)
  await running.up.line(/the reload failed, nothing has changed: up\.config\.json: proxy\.upstreams is /)
  assert.deepEqual(await answers(running, 2), { a: 2 })
})
