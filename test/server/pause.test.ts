import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { constants } from 'node:http2'
import { get as httpsGet } from 'node:https'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import { OptionError } from 'up-server'
import { answering, captureStderr, fixture, serve, writeApp, type Running } from '../helpers/app.js'
import { Client, fetchOnce, Load, RawClient } from '../helpers/client.js'
import { answerOf, bothServer, cert, send, session } from '../helpers/http2.js'
import { message, until, within } from '../helpers/wait.js'

const APP = fixture('app.mjs')
const held = ({ srv }: Pick<Running, 'srv'>, count: number): Promise<void> =>
  until(() => srv.status().held === count)

/** A connection that is written by hand and ends with the test. */
function raw(t: TestContext, { port }: Running, text: string): RawClient {
  const client = new RawClient(port).write(text)
  t.after(() => client.socket.destroy())
  return client
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
}

test('pause() resolves when what was forwarded is answered; what comes later waits for resume()', async t => {
  const there = await serve(t, APP, { numWorkers: 1 })
  const [worker] = there.srv.workers
  assert.ok(worker !== undefined)
  const told = message(worker, 'waiting')
  const slow = fetchOnce(there.port, '/wait')
  await told
  let isDrained = false
  const paused = there.srv.pause().then(result => {
    isDrained = true
    return result
  })
  const later = fetchOnce(there.port, '/pid')
  await held(there, 1)
  assert.equal(isDrained, false)
  assert.equal(worker.inFlight, 1)
  worker.proc.kill('SIGUSR2')
  assert.match((await slow).body, /^waited/)
  assert.deepEqual(await paused, { drained: true, remaining: 0 })
  assert.equal(there.srv.status().held, 1)
  assert.equal(worker.inFlight, 0)
  await there.srv.resume()
  assert.equal((await later).body, String(worker.pid))
})

test('pause({ timeout }) resolves with how many remain', async t => {
  const there = await serve(t, APP, { numWorkers: 1 })
  const [worker] = there.srv.workers
  assert.ok(worker !== undefined)
  const told = message(worker, 'waiting')
  const slow = fetchOnce(there.port, '/wait')
  await told
  assert.deepEqual(await there.srv.pause({ timeout: 50 }), { drained: false, remaining: 1 })
  worker.proc.kill('SIGUSR2')
  assert.equal((await slow).status, 200)
  assert.deepEqual(await there.srv.pause(), { drained: true, remaining: 0 })
})

test('resume() before all is answered ends the wait of pause()', async t => {
  const there = await serve(t, APP, { numWorkers: 1 })
  const [worker] = there.srv.workers
  assert.ok(worker !== undefined)
  const told = message(worker, 'waiting')
  const slow = fetchOnce(there.port, '/wait')
  await told
  const paused = there.srv.pause()
  await there.srv.resume()
  assert.deepEqual(await paused, { drained: false, remaining: 1 })
  worker.proc.kill('SIGUSR2')
  await slow
})

for (const fastPath of [true, false]) {
  test(`pause -> reload -> resume gives each held request to new code, with its fields and body (fast path ${fastPath})`, async t => {
    captureStderr(t)
    const echo = (name: string): string => `export default async (req, res) => {
      let length = 0
      for await (const piece of req) length += piece.length
      res.end([${JSON.stringify(name)}, req.method, req.url, req.headers['x-test'], length].join(' '))
    }`
    const app = writeApp(t, echo('old'))
    const there = await serve(t, app.file, { numWorkers: 1, fastPath })
    await there.srv.pause()
    const answers = []
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const body = method === 'GET' ? undefined : 'x'.repeat(300_000)
      const headers = { 'X-Test': method, ...(body === undefined ? {} : { 'Content-Length': body.length }) }
      const options = { method, headers, ...(body === undefined ? {} : { body }) }
      answers.push(fetchOnce(there.port, `/${method}`, options).then(answer => [method, answer.body]))
      await held(there, answers.length)
    }
    app.write(echo('new'))
    await there.srv.reload()
    assert.equal(there.srv.status().held, answers.length)
    await there.srv.resume()
    for (const [method = '', body] of await Promise.all(answers))
      assert.equal(body, `new ${method} /${method} ${method} ${method === 'GET' ? 0 : 300_000}`)
  })
}

test('An upgrade that comes during a pause is joined to a worker after it; one that is open stays open', async t => {
  const there = await serve(t, APP, { numWorkers: 1 })
  const upgrade =
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
  const open = raw(t, there, upgrade)
  await open.until('101 Switching Protocols')
  assert.deepEqual(await within(there.srv.pause(), 'the pause'), { drained: true, remaining: 0 })
  const later = raw(t, there, upgrade)
  await held(there, 1)
  assert.equal(later.received, '')
  assert.equal(open.socket.destroyed, false)
  await there.srv.resume()
  await later.until('101 Switching Protocols')
  assert.equal(there.srv.status().workers[0]?.upgrades, 2)
})

test('resume({ rate }) lets them go on in order of arrival, so many a second, and later ones at once', async t => {
  const app = writeApp(t, 'let n = 0\nexport default (req, res) => res.end(`${n++} ${req.url}`)\n')
  const there = await serve(t, app.file, { numWorkers: 1 })
  await there.srv.pause()
  const answers: Promise<string>[] = []
  const ask = (): void => {
    const path = `/${answers.length}`
    answers.push(fetchOnce(there.port, path).then(({ body }) => body))
  }
  for (let i = 0; i < 20; i++) {
    ask()
    await held(there, i + 1)
  }
  const began = performance.now()
  const resumed = there.srv.resume({ rate: 50 })
  assert.match((await fetchOnce(there.port, '/later')).body, /^\d /)
  await resumed
  const took = performance.now() - began
  // The first at once, then 19 intervals of 20 ms.
  assert.ok(took >= 370, `${took} ms`)
  const order = (await Promise.all(answers)).map(text => Number(text.split(' ')[0]))
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b)
  )
})

test('pause() during a paced resume holds those again that have not gone on', async t => {
  const app = writeApp(t, answering('ok'))
  const there = await serve(t, app.file, { numWorkers: 1 })
  await there.srv.pause()
  const answers = Array.from({ length: 10 }, () => fetchOnce(there.port))
  await held(there, 10)
  const resumed = there.srv.resume({ rate: 1 })
  await held(there, 9)
  await there.srv.pause()
  await within(resumed, 'resume()')
  assert.equal(there.srv.status().held, 9)
  await there.srv.resume()
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
})

test('Requests that wait for a connection of a busy worker are held by a pause, in their place', async t => {
  const there = await serve(t, APP, { numWorkers: 1, maxConnections: 1 })
  const [worker] = there.srv.workers
  assert.ok(worker !== undefined)
  const told = message(worker, 'waiting')
  const slow = fetchOnce(there.port, '/wait')
  await told
  const order: number[] = []
  const lined = fetchOnce(there.port, '/pid').then(({ status }) => (order.push(1), status))
  await until(() => worker.inFlight === 2)
  const paused = there.srv.pause()
  await held(there, 1)
  const later = fetchOnce(there.port, '/pid').then(({ status }) => (order.push(2), status))
  await held(there, 2)
  worker.proc.kill('SIGUSR2')
  await slow
  assert.deepEqual(await paused, { drained: true, remaining: 0 })
  await there.srv.resume()
  assert.deepEqual(await Promise.all([lined, later]), [200, 200])
  assert.deepEqual(order, [1, 2])
})

test('Requests of HTTP/2 and of HTTPS are held, too, and a stream that is reset frees its place', async t => {
  const server = bothServer()
  const there = await serve(t, APP, { numWorkers: 1 }, server)
  await there.srv.pause()
  const client = session(t, `https://127.0.0.1:${there.port}`)
  const post = send(client, { ':method': 'POST', ':path': '/length' }, true)
  post.write('x'.repeat(40_000))
  const reset = send(client, { ':path': '/pid' })
  const get = httpsGet({
    port: there.port,
    host: '127.0.0.1',
    ca: cert,
    servername: 'localhost',
    path: '/pid',
    agent: false
  })
  const response = once(get, 'response') as Promise<[IncomingMessage]>
  await held(there, 3)
  reset.close(constants.NGHTTP2_CANCEL)
  await held(there, 2)
  await there.srv.resume()
  post.end('x'.repeat(10_000))
  assert.equal((await answerOf(post)).body, '50000')
  const [res] = await response
  assert.equal(res.statusCode, 200)
  res.resume()
})

test('A pause refuses nobody who was waiting for a worker already, however many these are', async t => {
  const there = await serve(t, APP, { numWorkers: 2, maxConnections: 1, maxHeld: 2 })
  // Whose turn is first depends on which was ready first.
  const told = Promise.all(there.srv.workers.map(worker => message(worker, 'waiting')))
  const answers = [fetchOnce(there.port, '/wait'), fetchOnce(there.port, '/wait')]
  await told
  // Two in the line of each.
  for (let i = 0; i < 4; i++) answers.push(fetchOnce(there.port, '/pid'))
  const inFlight = (): number => there.srv.status().workers.reduce((sum, worker) => sum + worker.inFlight, 0)
  await until(() => inFlight() === 6)
  const paused = there.srv.pause()
  await held(there, 4)
  assert.equal((await fetchOnce(there.port)).status, 503)
  for (const worker of there.srv.workers) worker.proc.kill('SIGUSR2')
  assert.deepEqual(await paused, { drained: true, remaining: 0 })
  await there.srv.resume()
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
})

test('What middleware forwards to an address of its own waits, too, and counts as in flight', async t => {
  const other = createServer((_req, res) => res.end('other')).listen(0, '127.0.0.1')
  t.after(() => other.close())
  const there = await serve(t, APP, { numWorkers: 1 })
  there.srv.use((req, _res, next) => {
    const address = other.address()
    if (req.url === '/other' && typeof address === 'object' && address !== null)
      next(address.port, '127.0.0.1')
    else next()
  })
  assert.equal((await fetchOnce(there.port, '/other')).body, 'other')
  await there.srv.pause()
  const answer = fetchOnce(there.port, '/other')
  await held(there, 1)
  await there.srv.resume()
  assert.equal((await answer).body, 'other')
})

test('A held request waits for holdTimeout, or as long as the pause says', async t => {
  const there = await serve(t, APP, { numWorkers: 1, holdTimeout: 100 })
  await there.srv.pause()
  const { status, headers } = await fetchOnce(there.port)
  assert.equal(status, 503)
  assert.match(headers['retry-after'] ?? '', /^\d+$/)
  const waiting = fetchOnce(there.port)
  await held(there, 1)
  // A longer limit is one for those that wait already, too.
  await there.srv.pause({ holdTimeout: '1m' })
  const since = performance.now()
  await until(() => performance.now() - since > 300)
  assert.equal(there.srv.status().held, 1)
  await there.srv.resume()
  assert.equal((await waiting).status, 200)
  const { released, expired, longestWaitMs } = there.srv.status()
  assert.deepEqual({ released, expired }, { released: 1, expired: 1 })
  assert.ok(longestWaitMs >= 300)
  // The limit of the pause ended with it.
  await there.srv.pause()
  assert.equal((await fetchOnce(there.port)).status, 503)
})

test('maxHeld bounds a pause, and holdResponse is what the others get', async t => {
  const holdResponse = {
    status: 503,
    headers: { 'Retry-After': 7, 'Content-Type': 'text/html' },
    body: '<p>Später</p>'
  }
  for (const fastPath of [true, false]) {
    const there = await serve(t, APP, { numWorkers: 1, maxHeld: 1, holdResponse, fastPath })
    await there.srv.pause()
    const waiting = fetchOnce(there.port)
    await held(there, 1)
    const refused = await fetchOnce(there.port)
    assert.equal(refused.status, 503)
    assert.equal(refused.headers['retry-after'], '7')
    assert.equal(refused.headers['content-type'], 'text/html')
    assert.equal(refused.body, '<p>Später</p>')
    const upgrade = raw(t, there, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    assert.match(
      (await upgrade.end()).received,
      /^HTTP\/1.1 503 [^]*\r\nRetry-After: 7\r\n[^]*<p>SpÃ¤ter<\/p>$/
    )
    await there.srv.resume()
    assert.equal((await waiting).status, 200)
    assert.equal(there.srv.status().refused, 2)
  }
})

test('A client that leaves during a pause frees its place at once, and is never forwarded', async t => {
  const there = await serve(t, APP, { numWorkers: 1 })
  await there.srv.pause()
  const clients = [
    raw(t, there, get('/')),
    raw(t, there, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(2_000_000)}`),
    raw(t, there, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
  ]
  await held(there, 3)
  for (const client of clients) client.socket.resetAndDestroy()
  await held(there, 0)
  await there.srv.resume()
  const { givenUp, workers } = there.srv.status()
  assert.equal(givenUp, 3)
  assert.equal(workers[0]?.requests, 0)
})

for (const fastPath of [true, false]) {
  test(`No limit of the server's ends what is held (fast path ${fastPath})`, async t => {
    const server = createServer({ connectionsCheckingInterval: 50 })
    Object.assign(server, {
      requestTimeout: 1000,
      headersTimeout: 1000,
      keepAliveTimeout: 500,
      timeout: 1200
    })
    const there = await serve(t, APP, { numWorkers: 1, fastPath }, server)
    await there.srv.pause()
    const client = new Client(there.port)
    t.after(() => client.close())
    const answers = [
      client.get('/pid'),
      fetchOnce(there.port, '/length', { method: 'POST', body: 'x'.repeat(5_000_000) })
    ]
    const slow = raw(t, there, 'POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345')
    await held(there, 3)
    const since = performance.now()
    await until(() => performance.now() - since > 2500)
    assert.equal(there.srv.status().held, 3)
    await there.srv.resume()
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
    slow.write('67890')
    assert.match(await slow.until('10'), /^HTTP\/1.1 200 /)
  })
}

test('20 times pause, reload and resume under load cost no request', async t => {
  const there = await serve(t, APP, { numWorkers: 1, workerTimeout: '10s' })
  const load = new Load(there.port, 8, true)
  for (let i = 0; i < 20; i++) {
    await load.answered(10)
    const { drained } = await there.srv.pause()
    assert.equal(drained, true)
    assert.equal(
      there.srv.status().workers.every(({ inFlight }) => inFlight === 0),
      true
    )
    if (i % 5 === 0) await there.srv.reload()
    await there.srv.resume(i % 2 === 0 ? {} : { rate: 200 })
  }
  const { failed, reconnects } = await load.stop()
  assert.deepEqual(failed, [])
  assert.equal(reconnects, 0)
})

test('close() during a pause refuses what is held, and ends', async t => {
  const there = await serve(t, APP, { numWorkers: 1 })
  await there.srv.pause()
  const waiting = fetchOnce(there.port)
  await held(there, 1)
  await within(there.srv.close(), 'close()')
  assert.equal((await waiting).status, 503)
  await assert.rejects(there.srv.pause(), { code: 'UP_ERR_CLOSED' })
})

test('Wrong options of pause() and resume() are named', async t => {
  const { srv } = await serve(t, APP, { numWorkers: 1 })
  for (const [call, text] of [
    [srv.pause({ timeout: 'soon' }), /^pause\(\{ timeout \}\) is "soon", but must be a duration/],
    [srv.pause({ holdTimeout: -1 }), /^pause\(\{ holdTimeout \}\) is -1/],
    [srv.pause({ rate: 1 } as object), /^option rate is 1, but must be absent/],
    [srv.resume({ rate: 0 }), /^resume\(\{ rate \}\) is 0, but must be a number of requests a second/],
    [srv.resume({ rate: NaN }), /^resume\(\{ rate \}\) is NaN/]
  ] as const) {
    await assert.rejects(call, (error: unknown) => error instanceof OptionError && text.test(error.message))
  }
  assert.equal(srv.status().state, 'running')
})

test('status() tells of a pause, and the events pause and resume are emitted', async t => {
  const { srv } = await serve(t, APP, { numWorkers: 1 } satisfies UpOptions)
  const seen: string[] = []
  srv.on('pause', ({ pausedBy }) => seen.push(`pause ${pausedBy.join()}`))
  srv.on('resume', ({ pausedBy }) => seen.push(`resume ${pausedBy.join()}`))
  const before = Date.now()
  await srv.pause()
  await srv.pause()
  const { state, pausedSince, pausedBy } = srv.status()
  assert.equal(state, 'paused')
  assert.deepEqual(pausedBy, ['pause'])
  assert.ok(pausedSince !== null && pausedSince >= before && pausedSince <= Date.now())
  await srv.resume()
  await srv.resume()
  assert.equal(srv.status().state, 'running')
  assert.equal(srv.status().pausedSince, null)
  assert.deepEqual(seen, ['pause pause', 'resume '])
})

test('Pipelined requests whose client resets its connection stay neither held nor in flight', async t => {
  const there = await serve(t, APP, { numWorkers: 1, fastPath: false })
  const [worker] = there.srv.workers
  assert.ok(worker !== undefined)
  const client = raw(t, there, get('/never').repeat(3))
  await until(() => worker.inFlight === 3)
  client.socket.resetAndDestroy()
  await until(() => worker.inFlight === 0)
  assert.deepEqual(await there.srv.pause(), { drained: true, remaining: 0 })
  const other = raw(t, there, get('/pid').repeat(3))
  await held(there, 3)
  other.socket.resetAndDestroy()
  await held(there, 0)
  await within(there.srv.close(), 'close()', 4000)
})

test('30 pipelined requests that are held cause no warning of too many listeners', async t => {
  const there = await serve(t, APP, { numWorkers: 1, fastPath: false })
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  await there.srv.pause()
  const client = raw(t, there, get('/pid').repeat(29) + get('/never'))
  await held(there, 30)
  assert.equal(client.socket.bytesRead, 0)
  await there.srv.resume()
  await until(() => client.received.split('HTTP/1.1 200').length === 30)
  assert.deepEqual(warnings, [])
})

test('A time limit of the server does not run while one of several pipelined requests is held', async t => {
  const server = createServer()
  server.timeout = 50
  const there = await serve(t, APP, { numWorkers: 1, fastPath: false }, server)
  let timeouts = 0
  server.on('timeout', () => timeouts++)
  await there.srv.pause()
  const client = raw(t, there, get('/pid').repeat(2))
  await held(there, 2)
  await there.srv.resume({ rate: 4 })
  assert.equal(timeouts, 0)
  await until(() => client.received.split('HTTP/1.1 200').length === 3)
})
