import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { Balance, StickyOptions } from '#lib/options/balance.js'
import type { Strategy } from '#lib/options/options.js'
import { UpServer } from '#lib/server/up-server.js'
import type { Worker } from '#lib/worker/worker.js'
import { captureStderr, fixture, serve, type Running } from '../helpers/app.js'
import { fetchOnce, RawClient } from '../helpers/client.js'
import { events, exited, message, nextEvent, until, within } from '../helpers/wait.js'

const strategies: Strategy[] = ['first', 'all', 'rolling']

/** Somebody who keeps the cookies that it gets. */
class Browser {
  readonly #port: number
  cookie = ''
  /** How many cookies it got. */
  given = 0

  constructor(port: number) {
    this.#port = port
  }

  get headers(): Record<string, string> {
    return this.cookie === '' ? {} : { Cookie: this.cookie }
  }

  async ask(path = '/pid'): Promise<string> {
    const { headers, body } = await fetchOnce(this.#port, path, { headers: this.headers })
    for (const line of headers['set-cookie'] ?? []) {
      this.given++
      this.cookie = line.split(';')[0] ?? ''
    }
    return body
  }
}

function workerOf({ srv }: Running, pid: string): Worker {
  const worker = srv.workers.find(each => String(each.pid) === pid)
  assert.ok(worker !== undefined, `there is no worker ${pid}`)
  return worker
}

function idle({ srv }: Running): boolean {
  return srv.status().workers.every(({ inFlight, upgrades }) => inFlight + upgrades === 0)
}

/** A sticky client moves as soon as its worker is retired, so that nothing depends on the time. */
const AT_ONCE: StickyOptions = { policy: 'sticky', linger: 0 }

test('sticky: a client stays with its worker, and different clients are spread', async t => {
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 4, balance: 'sticky' })
  const pids = new Set<string>()
  for (let i = 0; i < 24; i++) {
    const browser = new Browser(running.port)
    const pid = await browser.ask()
    pids.add(pid)
    for (let n = 0; n < 3; n++) assert.equal(await browser.ask(), pid)
    assert.equal(browser.given, 1)
  }
  // One in 10^9 runs sees a single worker only.
  assert.ok(pids.size > 1)
  assert.ok(idle(running))
})

for (const strategy of strategies) {
  test(`sticky: over three reloads by '${strategy}' a client moves once each, and its cookie stays the same`, async t => {
    const running = await serve(t, fixture('app.mjs'), { numWorkers: 3, strategy, balance: AT_ONCE })
    const { srv, port } = running
    const browsers = Array.from({ length: 12 }, () => new Browser(port))
    const visited = await Promise.all(browsers.map(async browser => [await browser.ask()]))
    for (let i = 0; i < 3; i++) {
      let done = false
      const asking = browsers.map(async (browser, n) => {
        while (!done) {
          const pid = await browser.ask()
          if (visited[n]?.at(-1) !== pid) visited[n]?.push(pid)
        }
      })
      const gone = events(srv, 'terminate', 3)
      await srv.reload()
      await gone
      done = true
      await Promise.all(asking)
      for (const [n, browser] of browsers.entries()) {
        const pid = await browser.ask()
        if (visited[n]?.at(-1) !== pid) visited[n]?.push(pid)
        assert.equal(workerOf(running, pid).generation, srv.generation)
      }
    }
    for (const pids of visited) assert.equal(new Set(pids).size, pids.length, `came back: ${pids.join(' ')}`)
    // The first three are of one generation each.
    for (const pids of visited) assert.equal(pids.length, 4, pids.join(' '))
    for (const { given } of browsers) assert.equal(given, 1)
  })
}

test('sticky: when a worker dies, its clients move once and the others not at all', async t => {
  captureStderr(t)
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 3, balance: 'sticky' })
  const { srv, port } = running
  const browsers = Array.from({ length: 12 }, () => new Browser(port))
  const before = await Promise.all(browsers.map(browser => browser.ask()))
  const victim = workerOf(running, before[0] ?? '')
  const replaced = nextEvent(srv, 'spawn')
  victim.proc.kill('SIGKILL')
  await exited(victim.proc)
  const after = await Promise.all(browsers.map(browser => browser.ask()))
  for (const [i, pid] of before.entries())
    assert.equal(after[i] === pid, pid !== String(victim.pid), `${pid} -> ${after[i]}`)
  await replaced
  assert.deepEqual(await Promise.all(browsers.map(browser => browser.ask())), after)
  assert.deepEqual(new Set(browsers.map(({ given }) => given)), new Set([1]))
})

test('sticky: with a shared secret a cookie is good at another master, and leads to the same slot', async t => {
  const balance: Balance = { policy: 'sticky', secret: 'known to all masters' }
  const here = await serve(t, fixture('app.mjs'), { numWorkers: 3, balance })
  const there = await serve(t, fixture('app.mjs'), { numWorkers: 3, balance })
  const stranger = await serve(t, fixture('app.mjs'), { numWorkers: 1, balance: 'sticky' })
  for (let i = 0; i < 6; i++) {
    const browser = new Browser(here.port)
    const { slot } = workerOf(here, await browser.ask())
    const { headers, body } = await fetchOnce(there.port, '/pid', { headers: browser.headers })
    assert.equal(headers['set-cookie'], undefined)
    assert.equal(workerOf(there, body).slot, slot)
    const other = await fetchOnce(stranger.port, '/pid', { headers: browser.headers })
    assert.equal(other.headers['set-cookie']?.length, 1)
  }
})

test('sticky: the cookie comes beside those of the app and of middleware', async t => {
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 1, balance: 'sticky' })
  running.srv.use((_req, res, next) => {
    res.setHeader('Set-Cookie', 'm=1')
    next()
  })
  const { headers } = await fetchOnce(running.port)
  assert.deepEqual(
    headers['set-cookie']?.map(line => line.split('=')[0]),
    ['m', 'up-sticky']
  )
})

test('sticky: a 101 carries the cookie, and a WebSocket goes where its client is', async t => {
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 3, balance: 'sticky' })
  const raw = new RawClient(running.port)
  t.after(() => raw.socket.destroy())
  raw.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  )
  const head = await raw.until('\r\n\r\n')
  assert.match(head, /^HTTP\/1.1 101 /)
  assert.match(head, /\r\nSet-Cookie: up-sticky=[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax\r\n/)
  const [busy] = running.srv.workers.filter(({ upgrades }) => upgrades === 1)
  const Cookie = /up-sticky=[^;]+/.exec(head)?.[0] ?? ''
  for (let i = 0; i < 3; i++) {
    const { body, headers } = await fetchOnce(running.port, '/pid', { headers: { Cookie } })
    assert.equal(body, String(busy?.pid))
    assert.equal(headers['set-cookie'], undefined)
  }
  for (let i = 0; i < 3; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${running.port}`, { headers: { Cookie } })
    socket.on('open', () => socket.send('hi'))
    const [data] = (await once(socket, 'message')) as [Buffer]
    assert.equal(data.toString(), `${busy?.pid}: hi`)
    socket.terminate()
  }
  raw.socket.destroy()
  await until(() => idle(running))
})

test('sticky: over TLS the cookie is Secure', async t => {
  const pem = (name: string): Buffer => readFileSync(fixture(`tls/${name}.pem`))
  const server = createHttpsServer({ cert: pem('cert'), key: pem('key') })
  const srv = new UpServer(server, fixture('app.mjs'), { numWorkers: 1, balance: 'sticky', execArgv: [] })
  t.after(() => srv.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const lines = await new Promise<string[] | undefined>((resolve, reject) => {
    const req = httpsRequest({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, res => {
      res.resume().on('end', () => resolve(res.headers['set-cookie']))
    })
    req.on('error', reject).end()
  })
  assert.match(lines?.[0] ?? '', /; SameSite=Lax; Secure$/)
})

test('sticky by address: behind a trusted proxy it is that of its client', async t => {
  const balance: Balance = { policy: 'sticky', by: 'address' }
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 4, balance, trustProxy: 'loopback' })
  const pids = new Set<string>()
  for (let i = 0; i < 16; i++) {
    const headers = { 'X-Forwarded-For': `6.6.6.6, 10.0.0.${i}` }
    const answers = [
      await fetchOnce(running.port, '/pid', { headers }),
      await fetchOnce(running.port, '/pid', { headers })
    ]
    assert.equal(answers[0]?.body, answers[1]?.body)
    assert.equal(answers[0]?.headers['set-cookie'], undefined)
    pids.add(answers[0]?.body ?? '')
  }
  assert.ok(pids.size > 1)
})

test('sticky by a function: its keys bind, no key means any worker, and what it throws is a 500', async t => {
  const balance: Balance = {
    policy: 'sticky',
    linger: 0,
    by: req => {
      if (req.headers['x-user'] === 'eve') throw new Error('oops')
      return req.headers['x-user'] as string | undefined
    }
  }
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 3, balance })
  const codes: unknown[] = []
  running.srv.use((error: unknown, _req: unknown, _res: unknown, next: (error: unknown) => void) => {
    codes.push((error as { code: unknown }).code)
    next(error)
  })
  const as = async (user: string): Promise<string> =>
    (await fetchOnce(running.port, '/pid', { headers: { 'X-User': user } })).body
  const ada = await as('ada')
  for (let i = 0; i < 4; i++) assert.equal(await as('ada'), ada)
  const any = new Set([(await fetchOnce(running.port)).body, (await fetchOnce(running.port)).body])
  assert.equal(any.size, 2)
  await running.srv.reload()
  const moved = await as('ada')
  assert.notEqual(moved, ada)
  for (let i = 0; i < 4; i++) assert.equal(await as('ada'), moved)
  assert.equal((await fetchOnce(running.port, '/pid', { headers: { 'X-User': 'eve' } })).status, 500)
  assert.deepEqual(codes, ['UP_ERR_BALANCE'])
  assert.ok(idle(running))
})

test('sticky: a client with a request open at a retired worker stays until it is quiet; others move at once', async t => {
  const running = await serve(t, fixture('app.mjs'), {
    numWorkers: 1,
    balance: { policy: 'sticky', linger: '2s' },
    workerTimeout: '1h'
  })
  const { srv, port } = running
  const [busy, quiet] = [new Browser(port), new Browser(port)]
  const old = await quiet.ask()
  const [worker] = srv.workers
  assert.ok(worker !== undefined)
  const waiting = message(worker, 'waiting')
  assert.equal(await busy.ask(), old)
  const poll = busy.ask('/wait')
  await waiting
  // Longer than it may be quiet.
  await new Promise(resolve => setTimeout(resolve, 2100))
  await srv.reload()
  assert.equal(await busy.ask(), old)
  assert.notEqual(await quiet.ask(), old)
  const again = message(worker, 'waiting')
  worker.proc.kill('SIGUSR2')
  assert.equal(await poll, `waited at ${old}`)
  const next = busy.ask('/wait')
  await again
  assert.equal(worker.readyState, 'terminating')
  const gone = nextEvent(srv, 'terminate')
  worker.proc.kill('SIGUSR2')
  assert.equal(await next, `waited at ${old}`)
  assert.equal(await gone, worker)
  const moved = await busy.ask()
  assert.notEqual(moved, old)
  assert.equal(await busy.ask(), moved)
})

test('sticky: when workerTimeout is over, a client that was never quiet moves', async t => {
  const running = await serve(t, fixture('app.mjs'), {
    numWorkers: 1,
    balance: { policy: 'sticky', linger: '1h' },
    workerTimeout: 300
  })
  const { srv, port } = running
  const browser = new Browser(port)
  const old = await browser.ask()
  const gone = nextEvent(srv, 'terminate')
  let done = false
  const seen = new Set<string>()
  const asking = (async () => {
    while (!done) seen.add(await browser.ask())
  })()
  await srv.reload()
  await gone
  done = true
  await asking
  seen.add(await browser.ask())
  assert.equal(seen.size, 2, [...seen].join(' '))
  assert.ok(seen.has(old))
  assert.ok(idle(running))
})

test('sticky: close() does not wait for retired workers that linger', async t => {
  const running = await serve(t, fixture('app.mjs'), {
    numWorkers: 2,
    balance: { policy: 'sticky', linger: '1h' },
    workerTimeout: '1h'
  })
  const [old] = running.srv.workers
  await running.srv.reload()
  assert.equal(old?.readyState, 'terminating')
  const { srv } = running
  await within(srv.close(), 'close()')
  assert.equal(old.readyState, 'terminated')
})

test('sticky: a request that finds its worker broken goes to another one', async t => {
  captureStderr(t)
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 2, balance: 'sticky' })
  const browser = new Browser(running.port)
  const pid = await browser.ask()
  // It dies of the request itself, which has no body and is repeated: once, on the other worker.
  const [one, two] = running.srv.workers
  await fetchOnce(running.port, '/exit', { headers: browser.headers }).catch(() => {})
  await until(() => one?.readyState !== 'spawned' && two?.readyState !== 'spawned')
  await until(() => running.srv.workers.length > 0)
  assert.notEqual(await browser.ask(), pid)
  assert.equal(browser.given, 1)
})

test('least-requests: a busy worker gets no request while another is free', async t => {
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 3, balance: 'least-requests' })
  const waiting = running.srv.workers.map(worker => message(worker, 'waiting'))
  const slow = fetchOnce(running.port, '/wait')
  await Promise.race(waiting)
  for (const each of waiting) each.catch(() => {})
  const [busy] = running.srv.workers.filter(({ inFlight }) => inFlight === 1)
  for (let i = 0; i < 10; i++) assert.notEqual((await fetchOnce(running.port)).body, String(busy?.pid))
  for (const worker of running.srv.workers) worker.proc.kill('SIGUSR2')
  assert.equal((await slow).body, `waited at ${busy?.pid}`)
  assert.ok(idle(running))
})

test('random-two serves', async t => {
  const running = await serve(t, fixture('app.mjs'), { numWorkers: 2, balance: 'random-two' })
  const pids = await Promise.all(Array.from({ length: 30 }, async () => (await fetchOnce(running.port)).body))
  assert.equal(new Set(pids).size, 2)
  assert.ok(idle(running))
})

test('a function chooses; what it does wrong is a 500, of requests as of upgrades, and no more than that', async t => {
  let wanted = 0
  const running = await serve(t, fixture('app.mjs'), {
    numWorkers: 3,
    balance: (candidates, req) => {
      if (req.url === '/throw') throw new Error('oops')
      if (req.url === '/wrong') return {} as never
      return candidates.find(({ slot }) => slot === wanted) ?? assert.fail()
    }
  })
  for (wanted of [2, 0, 1, 1]) {
    const { body } = await fetchOnce(running.port, '/pid')
    assert.equal(workerOf(running, body).slot, wanted)
  }
  for (const path of ['/throw', '/wrong']) {
    assert.equal((await fetchOnce(running.port, path)).status, 500)
    const socket = new RawClient(running.port)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`)
    await socket.end()
  }
  assert.equal((await fetchOnce(running.port)).status, 200)
  assert.ok(running.srv.nextWorker() !== undefined)
  assert.ok(idle(running))
  await t.test('and a scripted worker that is gone is no candidate', async (inner: TestContext) => {
    captureStderr(inner)
    wanted = 1
    const victim = running.srv.workers.find(({ slot }) => slot === 1)
    assert.ok(victim !== undefined)
    victim.proc.kill('SIGKILL')
    await exited(victim.proc)
    assert.equal((await fetchOnce(running.port)).status, 500)
    await until(() => running.srv.workers.length === 3)
    assert.equal((await fetchOnce(running.port)).status, 200)
  })
})
