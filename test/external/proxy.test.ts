import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createNetServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { up } from 'up-server'
import { WebSocket } from 'ws'
import { Client, fetchOnce, Load, RawClient } from '../helpers/client.js'
import { proxy, startExternal, type Proxying } from '../helpers/external.js'
import { testFolder } from '../helpers/program.js'
import { until, within } from '../helpers/wait.js'

const held = ({ srv }: Proxying, count: number): Promise<void> => until(() => srv.status().held === count)

function stateOf({ srv }: Proxying, name: string): string | undefined {
  return srv.upstreams.list().find(each => each.name.endsWith(name))?.state
}

test('It forwards to servers that somebody else started, by TCP and by a UNIX socket, each in turn', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b', join(testFolder(t), 'b.sock'))
  const there = await proxy(t, [`127.0.0.1:${a.place}`, `unix:${b.place}`])
  const client = new Client(there.port)
  t.after(() => client.close())
  const bodies = []
  for (let i = 0; i < 4; i++) bodies.push((await client.get('/')).body)
  assert.deepEqual(bodies, ['a', 'b', 'a', 'b'])
  const posted = await client.post('/length', 'x'.repeat(500_000))
  assert.equal(posted.body, 'a POST 500000')
  const ws = new WebSocket(`ws://127.0.0.1:${there.port}/`)
  await once(ws, 'open')
  ws.send('hello')
  const [data] = (await once(ws, 'message')) as [Buffer]
  assert.equal(data.toString(), 'b hello')
  ws.terminate()
})

test('up.proxy gives a ProxyServer, whose status is plain data', async t => {
  const a = await startExternal(t, 'a')
  const there = await proxy(t, [Number(a.place)])
  assert.ok(there.srv instanceof up.ProxyServer)
  assert.equal((await fetchOnce(there.port)).body, 'a')
  await until(() => there.srv.status().traffic.answered === 1)
  const status = there.srv.status()
  assert.ok(status.upstreams.every(({ p99Ms }) => p99Ms !== null && p99Ms > 0))
  assert.deepEqual(JSON.parse(JSON.stringify(status)), status)
  assert.equal(status.state, 'running')
  assert.deepEqual(
    status.upstreams.map(upstream => ({ ...upstream, since: 0, p99Ms: 0 })),
    [
      {
        name: `localhost:${a.place}`,
        state: 'available',
        reason: null,
        since: 0,
        backup: false,
        weight: 1,
        inFlight: 0,
        upgrades: 0,
        requests: 1,
        errors: 0,
        p99Ms: 0
      }
    ]
  )
})

test("An upstream gets the client's Host, or its own where the option says so", async t => {
  const a = await startExternal(t, 'a')
  for (const hostHeader of ['client', 'upstream'] as const) {
    const there = await proxy(t, [`localhost:${a.place}`], { hostHeader })
    const { body } = await fetchOnce(there.port, '/fields', { headers: { Host: 'example.org' } })
    const fields = JSON.parse(body) as Record<string, string>
    assert.equal(fields['host'], hostHeader === 'client' ? 'example.org' : `localhost:${a.place}`)
    assert.equal(fields['x-forwarded-host'], 'example.org')
    assert.equal(fields['x-forwarded-for'], '127.0.0.1')
  }
})

test('IPv6 works', async t => {
  const server = createNetServer(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv6'))
  server.listen(0, '::1')
  await once(server, 'listening')
  t.after(() => server.close())
  const there = await proxy(t, [`[::1]:${(server.address() as AddressInfo).port}`])
  assert.equal((await fetchOnce(there.port)).body, 'v6')
})

for (const kind of ['tcp', 'unix'] as const) {
  test(`Requests to an upstream that is killed wait until it is back: GET, POST and upgrades (${kind})`, async t => {
    const place = kind === 'tcp' ? 0 : join(testFolder(t), 'a.sock')
    const first = await startExternal(t, 'first', place)
    const target = kind === 'tcp' ? `127.0.0.1:${first.place}` : `unix:${first.place}`
    const there = await proxy(t, [target])
    const seen: string[] = []
    there.srv.on('unavailable', ({ name }, reason) => seen.push(`unavailable ${name} ${reason.name}`))
    there.srv.on('available', ({ name }) => seen.push(`available ${name}`))
    assert.equal((await fetchOnce(there.port)).body, 'first')
    await first.kill()
    const client = new RawClient(there.port)
    t.after(() => client.socket.destroy())
    client.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    )
    const answers = [
      fetchOnce(there.port),
      fetchOnce(there.port, '/length', { method: 'POST', body: 'x'.repeat(3_000_000) })
    ]
    await held(there, 3)
    assert.equal(stateOf(there, first.place), 'unavailable')
    await startExternal(t, 'second', first.place)
    assert.deepEqual(
      (await Promise.all(answers)).map(({ body }) => body),
      ['second', 'second POST 3000000']
    )
    await client.until('101 Switching Protocols')
    assert.deepEqual(seen, [`unavailable ${target} UpstreamError`, `available ${target}`])
  })
}

test('An upstream that is killed under load and comes back costs only what was sent and must not be repeated', async t => {
  const path = join(testFolder(t), 'a.sock')
  let server = await startExternal(t, 'a', path)
  const there = await proxy(t, [`unix:${path}`])
  const load = new Load(there.port, 8, false)
  for (let i = 0; i < 5; i++) {
    await load.answered(50)
    await server.kill()
    await until(() => there.srv.status().held > 0)
    server = await startExternal(t, 'a', path)
  }
  await load.answered(50)
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(
    failed.filter(text => !text.startsWith('GET: 200 a')),
    []
  )
  assert.equal(reconnects, 0)
})

test('A POST that was sent to an upstream that dies gets 502, once, and is not repeated', async t => {
  const a = await startExternal(t, 'a')
  const there = await proxy(t, [`127.0.0.1:${a.place}`])
  const told = a.waiting()
  const answer = fetchOnce(there.port, '/wait', { method: 'POST', body: 'x' })
  await told
  await a.kill()
  assert.equal((await answer).status, 502)
})

test('A GET that is broken off is repeated three times, a POST never', async t => {
  const seen: string[] = []
  const server = createNetServer(socket => {
    socket
      .on('error', () => {})
      .on('data', (data: Buffer) => {
        seen.push(data.toString().split(' ')[0] ?? '')
        socket.destroy()
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const there = await proxy(t, [`127.0.0.1:${(server.address() as AddressInfo).port}`])
  assert.equal((await fetchOnce(there.port)).status, 502)
  assert.equal(
    (await fetchOnce(there.port, '/', { method: 'POST', headers: { 'Content-Length': 0 } })).status,
    502
  )
  assert.deepEqual(seen, ['GET', 'GET', 'GET', 'GET', 'POST'])
})

test('Requests with bodies that were held after a first try leave their connection usable, middleware or not', async t => {
  for (const hasMiddleware of [false, true]) {
    const path = join(testFolder(t), 'a.sock')
    let server = await startExternal(t, 'a', path)
    const there = await proxy(t, [`unix:${path}`])
    if (hasMiddleware) there.srv.use((_req, _res, next) => next())
    const client = new Client(there.port)
    t.after(() => client.close())
    for (let i = 0; i < 3; i++) {
      await server.kill()
      const answer = client.post('/length', 'x'.repeat(20_000))
      await held(there, 1)
      server = await startExternal(t, 'a', path)
      assert.equal((await within(answer, 'the answer')).body, 'a POST 20000')
      assert.equal((await within(client.post('/length', 'x'), 'the next answer')).body, 'a POST 1')
    }
    assert.equal(client.connections, 1)
  }
})

test('Requests go to other upstreams while one refuses, and to it again when it is back', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b')
  const there = await proxy(t, [`127.0.0.1:${a.place}`, `127.0.0.1:${b.place}`])
  await a.kill()
  for (let i = 0; i < 10; i++) assert.equal((await fetchOnce(there.port)).body, 'b')
  assert.equal(stateOf(there, a.place), 'unavailable')
  await startExternal(t, 'a', Number(a.place))
  await until(() => stateOf(there, a.place) === 'available')
  const bodies = [await fetchOnce(there.port), await fetchOnce(there.port)].map(({ body }) => body)
  assert.deepEqual(bodies.sort(), ['a', 'b'])
})

test('A weight is a share of the requests, and a backup gets some only while no other is available', async t => {
  const [a, b, c] = [await startExternal(t, 'a'), await startExternal(t, 'b'), await startExternal(t, 'c')]
  const at = ({ place }: { place: string }): string => `127.0.0.1:${place}`
  const there = await proxy(t, [`${at(a)}#weight=3`, at(b), `${at(c)}#backup`])
  const bodies = []
  for (let i = 0; i < 8; i++) bodies.push((await fetchOnce(there.port)).body)
  assert.equal(bodies.filter(body => body === 'a').length, 6)
  assert.equal(bodies.filter(body => body === 'b').length, 2)
  await Promise.all([a.kill(), b.kill()])
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(there.port)).body, 'c')
  await startExternal(t, 'a', Number(a.place))
  await until(() => stateOf(there, a.place) === 'available')
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(there.port)).body, 'a')
})

test('A backup is not used because the others are busy', async t => {
  const [a, c] = [await startExternal(t, 'a'), await startExternal(t, 'c')]
  const there = await proxy(t, [`127.0.0.1:${a.place}`, `127.0.0.1:${c.place}#backup`], { maxConnections: 1 })
  const told = a.waiting()
  const slow = fetchOnce(there.port, '/wait')
  await told
  const waiting = fetchOnce(there.port)
  await until(() => there.srv.upstreams.list()[0]?.inFlight === 2)
  await a.tell('answer')
  assert.equal((await slow).body, 'a waited')
  assert.equal((await waiting).body, 'a')
})

test('Whoever waits longer than holdTimeout gets 503 with Retry-After', async t => {
  const there = await proxy(t, [`unix:${join(testFolder(t), 'none.sock')}`], { holdTimeout: 200 })
  const { status, headers } = await fetchOnce(there.port)
  assert.equal(status, 503)
  assert.match(headers['retry-after'] ?? '', /^\d+$/)
  assert.equal(there.srv.status().expired, 1)
})

for (const fastPath of [true, false]) {
  test(`What is broken off after it was answered for longer than holdTimeout can still wait (fast path ${fastPath})`, async t => {
    const [a, b] = [await startExternal(t, 'a'), await startExternal(t, 'b')]
    const there = await proxy(t, [`127.0.0.1:${a.place}`], { holdTimeout: '1s', fastPath })
    const told = a.waiting()
    const slow = fetchOnce(there.port, '/wait')
    await told
    await delay(1100)
    await a.kill()
    await held(there, 1)
    there.srv.upstreams.add(`127.0.0.1:${b.place}`)
    await b.waiting()
    await b.tell('answer')
    assert.equal((await slow).body, 'b waited')
  })
}

test('A request counts once, however often it has to wait; also when its time is over while it connects', async t => {
  const a = await startExternal(t, 'a')
  const there = await proxy(t, [`127.0.0.1:${a.place}`])
  await there.srv.pause()
  const answer = fetchOnce(there.port)
  await held(there, 1)
  await a.kill()
  void there.srv.resume()
  await until(() => stateOf(there, a.place) === 'unavailable')
  await held(there, 1)
  assert.equal(there.srv.status().released, 0)
  await startExternal(t, 'a', Number(a.place))
  assert.equal((await answer).body, 'a')
  assert.equal(there.srv.status().released, 1)
  const dead = await proxy(t, ['192.0.2.1:9'], { connectTimeout: 400, holdTimeout: 200 })
  assert.equal((await fetchOnce(dead.port)).status, 503)
  assert.equal(dead.srv.status().expired, 1)
})

test('An upstream that does not take connections in time is out of rotation', async t => {
  const there = await proxy(t, ['192.0.2.1:9'], { connectTimeout: 100, holdTimeout: 400 })
  assert.equal((await fetchOnce(there.port)).status, 503)
  assert.equal(stateOf(there, ':9'), 'unavailable')
})

test('Upstreams are added, drained and removed while it runs', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b')
  const there = await proxy(t, [`127.0.0.1:${a.place}`])
  const { upstreams } = there.srv
  const told = a.waiting()
  const slow = fetchOnce(there.port, '/wait')
  await told
  upstreams.add(`127.0.0.1:${b.place}`)
  const drained = upstreams.drain(`127.0.0.1:${a.place}`)
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(there.port)).body, 'b')
  assert.equal(stateOf(there, a.place), 'draining')
  assert.deepEqual(await upstreams.drain({ port: Number(a.place), host: '127.0.0.1' }, { timeout: 50 }), {
    drained: false,
    remaining: 1
  })
  await a.tell('answer')
  assert.equal((await slow).body, 'a waited')
  assert.deepEqual(await within(drained, 'drain'), { drained: true, remaining: 0 })
  upstreams.add(`127.0.0.1:${a.place}`)
  assert.equal(stateOf(there, a.place), 'available')
  upstreams.remove(`127.0.0.1:${b.place}`)
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(there.port)).body, 'a')
  assert.equal(upstreams.size, 1)
  assert.throws(() => upstreams.remove('9'), { code: 'UP_ERR_OPTION' })
  assert.throws(() => upstreams.add(`127.0.0.1:${a.place}`), { code: 'UP_ERR_OPTION' })
  // Also the last: then they wait.
  upstreams.remove(`127.0.0.1:${a.place}`)
  const waiting = fetchOnce(there.port)
  await held(there, 1)
  upstreams.add(`127.0.0.1:${b.place}`)
  assert.equal((await waiting).body, 'b')
})

test('A health check takes an upstream out, and back in', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b')
  const health = {
    healthPath: '/up',
    healthInterval: 30,
    healthTimeout: 2000,
    healthFails: 2,
    healthPasses: 2
  }
  const there = await proxy(t, [`127.0.0.1:${a.place}`, `127.0.0.1:${b.place}`], health)
  await a.tell(500)
  await until(() => stateOf(there, a.place) === 'unavailable')
  assert.match(there.srv.upstreams.list()[0]?.reason ?? '', /GET \/up was answered with 500/)
  for (let i = 0; i < 4; i++) assert.equal((await fetchOnce(there.port)).body, 'b')
  await a.tell(200)
  await until(() => stateOf(there, a.place) === 'available')
})

test('The last upstream stays in rotation when its health check is merely slow, and goes when it fails', async t => {
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b')
  const health = {
    healthPath: '/up',
    healthInterval: 20,
    healthTimeout: 100,
    healthFails: 1,
    healthPasses: 1
  }
  const there = await proxy(t, [`127.0.0.1:${a.place}`, `127.0.0.1:${b.place}`], health)
  await a.tell(0)
  await until(() => stateOf(there, a.place) === 'unavailable')
  await b.tell(0)
  const since = performance.now()
  await until(() => performance.now() - since > 500)
  assert.equal(stateOf(there, b.place), 'available')
  // With the last one gone, the slow one is better than none.
  await b.kill()
  await until(() => stateOf(there, a.place) === 'available')
  assert.equal((await fetchOnce(there.port)).body, 'a')
  await a.tell(503)
  await until(() => stateOf(there, a.place) === 'unavailable')
})

test('A health check that is answered with a switch of protocols has failed, and was not slow', async t => {
  const there = await proxy(t, [await switching(t)], { healthPath: '/up', healthTimeout: '15s' })
  await until(() => there.srv.upstreams.list()[0]?.state === 'unavailable')
  assert.match(there.srv.upstreams.list()[0]?.reason ?? '', /GET \/up was answered with 101/)
})

test('No upstream can be added once the server is closed', async t => {
  const there = await proxy(t, ['127.0.0.1:1'])
  await there.srv.close()
  assert.throws(() => there.srv.upstreams.add('127.0.0.1:2'), { code: 'UP_ERR_CLOSED' })
  assert.equal(there.srv.upstreams.size, 1)
})

test('Pause and resume work as with workers', async t => {
  const a = await startExternal(t, 'a')
  const there = await proxy(t, [`127.0.0.1:${a.place}`])
  assert.deepEqual(await there.srv.pause(), { drained: true, remaining: 0 })
  const answer = fetchOnce(there.port, '/length', { method: 'POST', body: 'abc' })
  await held(there, 1)
  assert.equal(there.srv.status().state, 'paused')
  await there.srv.resume()
  assert.equal((await answer).body, 'a POST 3')
})

test('A UNIX socket that another server takes over gets every request at once, and pooled connections are left', async t => {
  const folder = testFolder(t)
  const path = join(folder, 'app.sock')
  await startExternal(t, 'v1', path)
  const there = await proxy(t, [`unix:${path}`])
  const client = new Client(there.port)
  t.after(() => client.close())
  assert.equal((await client.get('/')).body, 'v1')
  rmSync(path)
  // Until then it may still be answered by v1.
  await delay(50)
  const waiting = client.get('/')
  await held(there, 1)
  await startExternal(t, 'v2', path)
  assert.equal((await waiting).body, 'v2')
  assert.equal((await client.get('/')).body, 'v2')
})

test('close() with a request that waits for a dead upstream refuses it, and ends', async t => {
  const there = await proxy(t, [`unix:${join(testFolder(t), 'none.sock')}`])
  const answer = fetchOnce(there.port)
  await held(there, 1)
  await within(there.srv.close(), 'close()')
  assert.equal((await answer).status, 503)
})

for (const fastPath of [true, false]) {
  test(`Requests that wait for different upstreams come out of a pause in order of arrival (fast path ${fastPath})`, async t => {
    const [order, slow]: [string[], ServerResponse[]] = [[], []]
    const [a, b] = [0, 0].map(() =>
      createServer((req, res) => {
        if (req.url === '/slow') slow.push(res)
        else res.end(String(order.push(req.url ?? '')))
      }).listen(0, '127.0.0.1')
    )
    assert.ok(a !== undefined && b !== undefined)
    const names = []
    for (const server of [a, b]) {
      t.after(() => server.close())
      if (!server.listening) await once(server, 'listening')
      names.push(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    }
    const there = await proxy(t, names, { maxConnections: 1, fastPath })
    const inFlight = (): number => there.srv.upstreams.list().reduce((sum, each) => sum + each.inFlight, 0)
    const first = [fetchOnce(there.port, '/slow'), fetchOnce(there.port, '/slow')]
    await until(() => slow.length === 2)
    const later = []
    for (let i = 0; i < 6; i++) {
      later.push(fetchOnce(there.port, `/${i}`))
      await until(() => inFlight() === 3 + i)
    }
    const paused = there.srv.pause()
    await held(there, 6)
    for (const res of slow) res.end()
    await paused
    // So that they come one after the other.
    there.srv.upstreams.remove(names[1] ?? '')
    await there.srv.resume()
    await Promise.all([...first, ...later])
    assert.deepEqual(order, ['/0', '/1', '/2', '/3', '/4', '/5'])
  })
}

/** The port of a server that answers each request with 101. */
async function switching(t: TestContext): Promise<number> {
  const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
  const server = createNetServer(socket => socket.on('error', () => {}).end(answer)).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
