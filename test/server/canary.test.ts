import assert from 'node:assert/strict'
import { createServer as createHttp2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { UpError } from '#lib/errors.js'
import type { Balance } from '#lib/options/balance.js'
import type { UpOptions } from '#lib/options/options.js'
import type { CanaryStatus, ReloadOptions } from '#lib/server/api.js'
import { answering, captureStderr, fixture, serve, writeApp, type Running } from '../helpers/app.js'
import { Browser } from '../helpers/browser.js'
import { Client, fetchOnce, Load } from '../helpers/client.js'
import { generationsByPid, pidsOf } from '../helpers/generations.js'
import { ask, session } from '../helpers/http2.js'
import { exited, message, nextEvent, until, within } from '../helpers/wait.js'

const app = fixture('app.mjs')

interface Trial extends Running {
  readonly generationOf: (pid: string) => number
}

/** A server whose generation 2 is a canary. */
async function begin(
  t: TestContext,
  canary: ReloadOptions,
  options: UpOptions = {},
  file = app
): Promise<Trial> {
  const running = await serve(t, file, options)
  const generationOf = generationsByPid(running.srv)
  await running.srv.reload(canary)
  return { ...running, generationOf }
}

/** The counts of the canary, once there are so many in all: they are made when the answer is gone. */
async function counted({ srv }: Running, requests: number): Promise<CanaryStatus> {
  const total = (): number => {
    const { canary } = srv.status()
    return canary === null ? -1 : canary.requests + canary.serving.requests
  }
  await until(() => total() >= requests)
  const { canary } = srv.status()
  assert.ok(canary !== null)
  assert.equal(canary.requests + canary.serving.requests, requests)
  return canary
}

/** A client of each side. */
async function clientsOf({ port, generationOf }: Trial): Promise<{ old: Browser; canary: Browser }> {
  const found = new Map<number, Browser>()
  for (let i = 0; i < 200 && found.size < 2; i++) {
    const browser = new Browser(port)
    found.set(generationOf(await browser.ask()), browser)
  }
  const old = found.get(1)
  const canary = found.get(2)
  assert.ok(old !== undefined && canary !== undefined)
  return { old, canary }
}

test('Of 1,000 clients the canary gets its share, and each stays on its side', async t => {
  const trial = await begin(t, { canary: 0.2 })
  const { srv, port, generationOf } = trial
  assert.deepEqual(srv.status().standby, { generation: 2, version: srv.workers[0]?.version, workers: 2 })
  let tried = 0
  for (let i = 0; i < 1000; i++) if (generationOf((await fetchOnce(port, '/pid')).body) === 2) tried++
  // Chance makes a deviation of 12.6.
  assert.ok(tried > 125 && tried < 275, String(tried))
  const { old, canary } = await clientsOf(trial)
  for (let i = 0; i < 50; i++) {
    assert.equal(generationOf(await old.ask()), 1)
    assert.equal(generationOf(await canary.ask()), 2)
  }
})

test('The cookie is signed, and of no use to scripts; a client that forges one gets another', async t => {
  const { port } = await begin(t, { canary: 0.5 }, { numWorkers: 1 })
  const { headers } = await fetchOnce(port, '/pid')
  const [line = ''] = headers['set-cookie'] ?? []
  assert.match(line, /^up-canary=[\w-]{16}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  const Cookie = line.slice(0, line.indexOf(';'))
  assert.equal((await fetchOnce(port, '/pid', { headers: { Cookie } })).headers['set-cookie'], undefined)
  const forged = Cookie.replace(/=(.)/, (_, first) => (first === 'A' ? '=B' : '=A'))
  const answer = await fetchOnce(port, '/pid', { headers: { Cookie: forged } })
  assert.equal(answer.headers['set-cookie']?.length, 1)
})

test('A WebSocket goes where its client is', async t => {
  const trial = await begin(t, { canary: 0.5 }, { numWorkers: 1 })
  const { old, canary } = await clientsOf(trial)
  for (const [browser, generation] of [
    [old, 1],
    [canary, 2]
  ] as const)
    for (let i = 0; i < 5; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${trial.port}`, { headers: browser.headers })
      const reply = new Promise<string>((resolve, reject) => {
        socket
          .on('message', (data: Buffer) => resolve(data.toString()))
          .on('error', reject)
          .on('open', () => socket.send('hello'))
      })
      const [pid = ''] = (await within(reply, 'the reply')).split(':')
      assert.equal(trial.generationOf(pid), generation)
      socket.terminate()
    }
})

const policies: Record<string, Balance> = {
  'least-requests': 'least-requests',
  'random-two': 'random-two',
  sticky: 'sticky',
  'sticky by address': { policy: 'sticky', by: 'address' },
  'a function': candidates => {
    const generations = new Set(candidates.map(({ generation }) => generation))
    assert.equal(generations.size, 1)
    const [first] = candidates
    assert.ok(first !== undefined)
    return first
  }
}

for (const [name, balance] of Object.entries(policies))
  test(`With ${name} clients stay on their side, before and after promote()`, async t => {
    const trial = await begin(t, { canary: 0.5 }, { balance })
    const { srv, generationOf } = trial
    const { old, canary } = await clientsOf(trial)
    const seen = new Map<Browser, Set<string>>([old, canary].map(each => [each, new Set()]))
    for (let i = 0; i < 10; i++)
      for (const [browser, generation] of [
        [old, 1],
        [canary, 2]
      ] as const) {
        const pid = await browser.ask()
        assert.equal(generationOf(pid), generation)
        seen.get(browser)?.add(pid)
      }
    const isSticky = name.startsWith('sticky')
    if (isSticky) for (const pids of seen.values()) assert.equal(pids.size, 1)
    assert.deepEqual([...old.cookies.keys()], name === 'sticky' ? ['up-canary', 'up-sticky'] : ['up-canary'])
    const before = await canary.ask()
    await srv.promote()
    for (let i = 0; i < 5; i++) {
      const pid = await canary.ask()
      assert.equal(generationOf(pid), 2)
      if (isSticky) assert.equal(pid, before)
    }
    await until(() => pidsOf(srv, 1).length === 0)
    assert.equal(generationOf(await old.ask()), 2)
  })

test('A canary without an available worker leaves its clients to the old generation', async t => {
  captureStderr(t)
  const trial = await begin(t, { canary: 0.5 }, { numWorkers: 1, keepAlive: false })
  const { old, canary } = await clientsOf(trial)
  const [worker] = trial.srv.status().workers.filter(({ generation }) => generation === 2)
  assert.ok(worker?.pid)
  process.kill(worker.pid, 'SIGKILL')
  await nextEvent(trial.srv, 'terminate')
  for (let i = 0; i < 5; i++)
    for (const browser of [old, canary]) assert.equal(trial.generationOf(await browser.ask()), 1)
})

test('While a canary runs, each request is looked at, also on connections that were open before', async t => {
  const { srv, server, port } = await serve(t, app, { numWorkers: 1 })
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  /** Whether node:http has not seen the latest connection. */
  const isShort = (): boolean => {
    const socket = sockets.at(-1)
    assert.ok(socket !== undefined)
    return !('parser' in socket) || socket.parser == null
  }
  const client = new Client(port)
  t.after(() => client.close())
  const isAsked = async (asking: Client): Promise<boolean> =>
    (await asking.get('/pid')).headers['set-cookie'] !== undefined
  assert.equal(await isAsked(client), false)
  assert.equal(isShort(), true)
  await srv.reload({ canary: 0.5 })
  assert.equal(await isAsked(client), true)
  assert.equal(client.connections, 1)
  assert.equal(isShort(), false)
  await srv.abort()
  assert.equal(await isAsked(client), false)
  const later = new Client(port)
  t.after(() => later.close())
  assert.equal(await isAsked(later), false)
  assert.equal(isShort(), true)
})

test('status() has requests, errors and p99 of both, since the canary began', async t => {
  const code = writeApp(t, `export default (req, res) => res.end('1')`)
  const { srv, port } = await serve(t, code.file, { numWorkers: 1 })
  for (let i = 0; i < 5; i++) await fetchOnce(port)
  code.write(`export default (req, res) => {
    res.statusCode = { '/bad': 500, '/worse': 503, '/mine': 404 }[req.url] ?? 200
    setTimeout(() => res.end('2'), req.url === '/slow' ? 200 : 0)
  }`)
  await srv.reload({ canary: 0.5 })
  const running = { srv, port } as Running
  assert.deepEqual(srv.status().canary, {
    share: 0.5,
    generation: 2,
    requests: 0,
    errors: 0,
    p99Ms: 0,
    serving: { generation: 1, requests: 0, errors: 0, p99Ms: 0 }
  })
  let sent = 0
  const find = async (side: string): Promise<Browser> => {
    for (;;) {
      const browser = new Browser(port)
      sent++
      if ((await browser.ask('/')) === side) return browser
    }
  }
  const old = await find('1')
  const canary = await find('2')
  const before = await counted(running, sent)
  for (const path of ['/bad', '/worse', '/mine', '/slow']) await canary.ask(path)
  for (const path of ['/bad', '/']) await old.ask(path)
  const after = await counted(running, sent + 6)
  assert.equal(after.requests - before.requests, 4)
  assert.equal(after.errors, 2)
  assert.equal(after.serving.requests - before.serving.requests, 2)
  assert.equal(after.serving.errors, 0)
  // A timer of 200 ms may end a little early.
  assert.ok(after.p99Ms > 150, String(after.p99Ms))
  assert.ok(after.serving.p99Ms > 0)
  assert.deepEqual(JSON.parse(JSON.stringify(after)), after)
  await srv.promote()
  assert.equal(srv.status().canary, null)
})

test('A 502 because its worker died is an error of the generation whose worker it was', async t => {
  captureStderr(t)
  const trial = await begin(t, { canary: 0.5 }, { numWorkers: 1, minExpectedLifetime: 0 })
  const { srv } = trial
  const { canary } = await clientsOf(trial)
  const { requests: before, serving } = await counted(
    trial,
    (srv.status().canary?.requests ?? 0) + (srv.status().canary?.serving.requests ?? 0)
  )
  const answer = await canary.send('/exit', { method: 'POST', body: 'x' })
  assert.equal(answer.status, 502)
  const after = await counted(trial, before + serving.requests + 1)
  assert.deepEqual([after.requests, after.errors], [before + 1, 1])
  assert.equal(after.serving.errors, 0)
})

test('Requests of HTTP/2 are parted and counted as well', async t => {
  const running = await serve(t, app, { numWorkers: 1 }, createHttp2Server())
  const { srv } = running
  const generationOf = generationsByPid(srv)
  await srv.reload({ canary: 0.5 })
  const client = session(t, running.origin)
  const sides = { old: 0, canary: 0 }
  for (let i = 0; i < 40; i++) {
    const first = await ask(client, { ':path': '/pid' })
    const generation = generationOf(first.body)
    sides[generation === 1 ? 'old' : 'canary']++
    const cookie = first.headers['set-cookie']?.[0]?.split(';')[0]
    assert.ok(cookie !== undefined)
    assert.equal(generationOf((await ask(client, { ':path': '/pid', cookie })).body), generation)
  }
  assert.ok(sides.old > 0 && sides.canary > 0)
  const total = (): number => {
    const { canary } = srv.status()
    return canary === null ? -1 : canary.requests + canary.serving.requests
  }
  await until(() => total() === 80)
  assert.equal(srv.status().canary?.requests, 2 * sides.canary)
})

test('autoAbort drops a canary that answers 500, and tells it', async t => {
  const code = writeApp(t, answering('old'))
  const { srv, port } = await serve(t, code.file, { numWorkers: 1 })
  code.write('export default (req, res) => res.writeHead(500).end("new")')
  const { workers } = await srv.reload({ canary: 0.5, autoAbort: { factor: 2, requests: 20 } })
  let aborted: Error | undefined
  srv.once('fail', error => (aborted = error))
  let bad = 0
  for (let i = 0; i < 1000 && aborted === undefined; i++) if ((await fetchOnce(port)).status === 500) bad++
  assert.ok(aborted instanceof UpError)
  assert.equal(aborted.code, 'UP_ERR_CANARY')
  assert.match(
    aborted.message,
    /^the canary, generation 2, was aborted: 20 of 20 requests \(100.00 %\) failed, but 0 of \d+ .* of generation 1/
  )
  // The last of them may have been answered before it was counted.
  assert.ok(bad >= 20 && bad <= 21, String(bad))
  const { standby, canary } = srv.status()
  assert.deepEqual([standby, canary], [null, null])
  for (let i = 0; i < 20; i++) assert.equal((await fetchOnce(port)).body, 'old')
  for (const { proc } of workers) await exited(proc)
  await assert.rejects(srv.promote(), { code: 'UP_ERR_STANDBY' })
})

test('autoAbort leaves a canary that fails no more often than it may', async t => {
  const code = writeApp(t, 'export default (req, res) => res.writeHead(500).end("old")')
  const { srv, port } = await serve(t, code.file, { numWorkers: 1 })
  code.write('export default (req, res) => res.writeHead(500).end("new")')
  await srv.reload({ canary: 0.5, autoAbort: { factor: 1, requests: 10 } })
  const running = { srv } as Running
  // The old one fails as often.
  for (let i = 0; i < 60; i++) await fetchOnce(port)
  const { requests, errors } = await counted(running, 60)
  assert.ok(requests > 10 && requests === errors)
  await srv.abort()

  // One error in 10 is what the old one is taken to have at least; the factor allows two.
  code.write(`let count = 0
    export default (req, res) => res.writeHead(++count <= 2 ? 500 : 200).end('new')`)
  await srv.reload()
  await srv.reload({ canary: 0.999999, autoAbort: { factor: 2, requests: 10 } })
  for (let i = 0; i < 30; i++) await fetchOnce(port)
  assert.equal((await counted(running, 30)).errors, 2)
  assert.equal(srv.status().standby?.generation, 4)
})

test('abort() lets a canary finish what it has, and others need not wait for that', async t => {
  const running = await serve(t, app, { numWorkers: 1 })
  const { srv } = running
  const generationOf = generationsByPid(srv)
  const {
    workers: [worker]
  } = await srv.reload({ canary: 0.5 })
  assert.ok(worker !== undefined)
  const { canary } = await clientsOf({ ...running, generationOf })
  const waiting = message(worker, 'waiting')
  const answer = canary.send('/wait')
  await waiting
  let isAborted = false
  const aborted = srv.abort().then(() => (isAborted = true))
  assert.equal((await srv.reload()).generation, 3)
  assert.equal(isAborted, false)
  worker.proc.kill('SIGUSR2')
  assert.equal((await answer).body, `waited at ${worker.pid}`)
  await aborted
})

test('No request fails, and no connection breaks, while canaries come, go and are promoted', async t => {
  const { srv, port } = await serve(t, app)
  const load = new Load(port, 8, true)
  for (let i = 0; i < 4; i++) {
    await srv.reload({ canary: 0.5, autoAbort: { factor: 1, requests: 10 } })
    await load.answered(100)
    assert.equal(srv.status().canary?.errors, 0)
    if (i % 2 === 0) await srv.abort()
    else await srv.promote()
    await load.answered(50)
  }
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
  assert.equal(srv.generation, 5)
})
