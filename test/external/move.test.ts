import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Client, fetchOnce, RawClient } from '../helpers/client.js'
import { proxy, startExternal, type External } from '../helpers/external.js'
import { testFolder } from '../helpers/program.js'
import { exited, until } from '../helpers/wait.js'

const SWAPS = 100
/** A request that starts so long after the new socket is in its place reaches the new server, in milliseconds. */
const RULE_MS = 50

/** What a client saw: who answered, and when the request began. */
interface Seen {
  readonly began: number
  readonly ended: number
  readonly answer: string
}

/** Sends one request after the other, GET and POST in turn, until it is stopped. */
async function ask(port: number, isOver: () => boolean): Promise<Seen[]> {
  const client = new Client(port)
  const seen: Seen[] = []
  for (let i = 0; !isOver(); i++) {
    const began = performance.now()
    let answer: string
    try {
      const { status, body } =
        i % 2 === 0 ? await client.get('/') : await client.post('/length', 'x'.repeat(20_000))
      answer = status === 200 ? (body.split(' ')[0] ?? '') : `failed: ${status}`
    } catch (error) {
      answer = `failed: ${String(error)}`
    }
    seen.push({ began, ended: performance.now(), answer })
    await delay(2)
  }
  client.close()
  return seen
}

test(
  `${SWAPS} times a new server takes the place of the old one by two mv, under load`,
  { timeout: 115_000 },
  async t => {
    const folder = testFolder(t)
    const path = join(folder, 'app.sock')
    let serving: External = await startExternal(t, 'v0', path)
    const there = await proxy(t, [`unix:${path}`])
    let isOver = false
    const clients = Array.from({ length: 6 }, () => ask(there.port, () => isOver))
    /** When each version was in its place, and when it was moved away. */
    const times = [{ from: 0, to: Infinity }]
    const leaving: Promise<void>[] = []
    let next = startExternal(t, 'v1', join(folder, 'v1.sock'))
    for (let i = 1; i <= SWAPS; i++) {
      const fresh = await next
      if (i < SWAPS) next = startExternal(t, `v${i + 1}`, join(folder, `v${i + 1}.sock`))
      const last = times.at(-1)
      if (last !== undefined) last.to = performance.now()
      renameSync(path, join(folder, 'aside.sock'))
      if (i % 3 === 0) await delay(30)
      renameSync(fresh.place, path)
      times.push({ from: performance.now(), to: Infinity })
      const old = serving
      leaving.push(old.tell('leave').then(() => exited(old.proc)))
      serving = fresh
      await delay(RULE_MS + 20)
    }
    await Promise.all(leaving)
    isOver = true
    const seen = (await Promise.all(clients)).flat()
    assert.ok(seen.length > 2 * SWAPS)
    const wrong = seen.filter(({ began, ended, answer }) => {
      // Whichever was in place, or had been up to 50 ms before, at any time of the request.
      const allowed = times.flatMap(({ from, to }, i) =>
        from <= ended && began < to + RULE_MS ? [`v${i}`] : []
      )
      const named = times.findIndex(({ from, to }) => began >= from + RULE_MS && began < to && ended < to)
      return named === -1 ? !allowed.includes(answer) : answer !== `v${named}`
    })
    assert.deepEqual(wrong, [])
    t.diagnostic(`${seen.length} requests, ${there.srv.status().released} of them held for a moment`)
  }
)

test('What is in flight at a server whose socket is moved goes on there, and it can leave afterwards', async t => {
  const folder = testFolder(t)
  const path = join(folder, 'app.sock')
  const v1 = await startExternal(t, 'v1', path)
  const v2 = await startExternal(t, 'v2', join(folder, 'v2.sock'))
  const there = await proxy(t, [`unix:${path}`])
  const ws = new WebSocket(`ws://127.0.0.1:${there.port}/`)
  await once(ws, 'open')
  const told = v1.waiting()
  const poll = fetchOnce(there.port, '/wait')
  await told
  const upload = new RawClient(there.port)
  t.after(() => upload.socket.destroy())
  upload.write('POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0123456789')
  await until(() => there.srv.upstreams.list()[0]?.inFlight === 2)

  renameSync(path, join(folder, 'aside.sock'))
  renameSync(v2.place, path)
  await delay(RULE_MS)
  assert.equal((await fetchOnce(there.port)).body, 'v2')
  ws.send('hello')
  const [data] = (await once(ws, 'message')) as [Buffer]
  assert.equal(data.toString(), 'v1 hello')
  upload.write('0123456789')
  assert.match(await upload.until('POST 20'), /v1 POST 20/)
  await v1.tell('answer')
  assert.equal((await poll).body, 'v1 waited')
  ws.close()
  await v1.tell('leave')
  await exited(v1.proc)
  assert.equal((await fetchOnce(there.port)).body, 'v2')
  assert.ok(existsSync(path))
})

test('A symbolic link that is switched to another socket counts as moved', async t => {
  const folder = testFolder(t)
  const v1 = await startExternal(t, 'v1', join(folder, 'v1.sock'))
  const v2 = await startExternal(t, 'v2', join(folder, 'v2.sock'))
  const path = join(folder, 'current.sock')
  symlinkSync(v1.place, path)
  const there = await proxy(t, [`unix:${path}`])
  const client = new Client(there.port)
  t.after(() => client.close())
  assert.equal((await client.get('/')).body, 'v1')
  symlinkSync(v2.place, `${path}.new`)
  renameSync(`${path}.new`, path)
  await delay(RULE_MS)
  assert.equal((await client.get('/')).body, 'v2')
})
