import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { constants } from 'node:http2'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { AccessEntry, UpOptions } from 'up-server'
import { fixture, serve, writeApp, type Running } from '../helpers/app.js'
import { fetchOnce, RawClient } from '../helpers/client.js'
import { proxy, startExternal } from '../helpers/external.js'
import { answerOf, bothServer, send, serveHttp2, session } from '../helpers/http2.js'
import { message, until } from '../helpers/wait.js'

const APP = fixture('app.mjs')
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface Logged extends Running {
  readonly entries: AccessEntry[]
  /** The entry of a path, once it is there. */
  of(path: string): Promise<AccessEntry>
}

async function logged(t: TestContext, options: UpOptions = {}, file = APP): Promise<Logged> {
  const entries: AccessEntry[] = []
  const accessLog = (entry: AccessEntry): void => void entries.push(entry)
  const running = await serve(t, file, { numWorkers: 1, accessLog, ...options })
  return { ...running, entries, of: path => entryOf(entries, path) }
}

async function entryOf(entries: readonly AccessEntry[], path: string): Promise<AccessEntry> {
  await until(() => entries.some(entry => entry.path === path))
  const found = entries.filter(entry => entry.path === path)
  assert.equal(found.length, 1)
  return found[0] as AccessEntry
}

test('An entry says who asked for what, who answered, with what, and how long it took', async t => {
  const { srv, port, of } = await logged(t)
  const headers = { 'User-Agent': 'tester', Referer: 'http://b/', 'X-Request-Id': 'abc-1' }
  const answer = await fetchOnce(port, '/pid?a=b', { headers })
  const entry = await of('/pid?a=b')
  const { at, durationMs, upstreamMs, ...rest } = entry
  assert.deepEqual(rest, {
    id: 'abc-1',
    client: '127.0.0.1',
    method: 'GET',
    path: '/pid?a=b',
    httpVersion: '1.1',
    host: `127.0.0.1:${port}`,
    userAgent: 'tester',
    referer: 'http://b/',
    status: 200,
    bytes: answer.body.length,
    whole: true,
    heldMs: 0,
    retries: 0,
    upgrade: false,
    worker: Number(answer.body),
    generation: 1,
    upstream: null
  })
  assert.ok(Math.abs(Date.now() - at) < 60_000)
  assert.ok(upstreamMs !== null && upstreamMs > 0 && upstreamMs <= durationMs)
  await srv.reload()
  await fetchOnce(port, '/new')
  assert.equal((await of('/new')).generation, 2)
})

test('The id is the one of the client where that is sane, else a new one; worker and client get it', async t => {
  const { file } = writeApp(
    t,
    `import { createServer } from 'node:http'
    export default createServer((req, res) => {
      if (req.url === '/mine') res.setHeader('x-request-ID', 'mine')
      res.end(JSON.stringify(req.rawHeaders))
    })`
  )
  const { port, of } = await logged(t, {}, file)
  const ask = async (
    path: string,
    headers: Record<string, string | string[]>
  ): Promise<[string, string[]]> => {
    const { body, headers: fields } = await fetchOnce(port, path, { headers })
    const raw = JSON.parse(body) as string[]
    const ids = raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === 'x-request-id')
    return [String(fields['x-request-id']), ids]
  }
  assert.deepEqual(await ask('/sane', { 'x-request-id': '7b/c:d=1' }), ['7b/c:d=1', ['7b/c:d=1']])
  assert.equal((await of('/sane')).id, '7b/c:d=1')
  // The app's own word goes before ours.
  assert.equal((await ask('/mine', {}))[0], 'mine')
  for (const [path, headers] of [
    ['/none', {}],
    ['/long', { 'X-Request-Id': 'x'.repeat(129) }],
    ['/odd', { 'X-Request-Id': 'a b"c' }],
    ['/twice', { 'X-Request-Id': ['one', 'two'] }]
  ] as const) {
    const [given, seen] = await ask(path, { ...headers } as Record<string, string | string[]>)
    assert.match(given, UUID)
    assert.deepEqual(seen, [given])
    assert.equal((await of(path)).id, given)
  }
})

test('The client is the one that trusted proxies name', async t => {
  const { port, of } = await logged(t, { trustProxy: 'loopback' })
  await fetchOnce(port, '/by', { headers: { 'X-Forwarded-For': '9.9.9.9, 10.1.2.3' } })
  assert.equal((await of('/by')).client, '10.1.2.3')
})

test('What was held says how long; what expired has 503, and who left before has 499', async t => {
  const { srv, port, of, entries } = await logged(t, { holdTimeout: '30s' })
  await srv.pause()
  const later = fetchOnce(port, '/held')
  const gone = new RawClient(port).write('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => srv.status().held === 2)
  gone.socket.resetAndDestroy()
  const left = await of('/gone')
  assert.deepEqual(
    [left.status, left.worker, left.upstreamMs, left.whole, left.bytes],
    [499, null, null, false, 0]
  )
  assert.ok(left.heldMs > 0)
  await srv.resume()
  await later
  const held = await of('/held')
  assert.equal(held.status, 200)
  assert.ok(
    held.heldMs > 0 && held.upstreamMs !== null && held.heldMs + held.upstreamMs <= held.durationMs + 1
  )
  await srv.pause({ holdTimeout: '20ms' })
  const refused = await fetchOnce(port, '/late')
  const late = await of('/late')
  assert.deepEqual([late.status, late.worker, late.whole], [503, null, true])
  assert.ok(late.heldMs >= 19)
  assert.equal(refused.headers['x-request-id'], late.id)
  assert.equal(entries.length, 3)
})

test('A client that leaves while a worker answers has 499 before the answer, and else one that is not whole', async t => {
  const { srv, port, of } = await logged(t)
  const [worker] = srv.workers
  assert.ok(worker !== undefined)
  for (const [path, status, bytes] of [
    ['/never', 499, 0],
    ['/half', 200, 4]
  ] as const) {
    const told = message(worker, 'waiting')
    const client = new RawClient(port).write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await told
    if (status === 200) await client.until('half')
    client.socket.resetAndDestroy()
    const entry = await of(path)
    assert.deepEqual([entry.status, entry.bytes, entry.whole], [status, bytes, false])
    assert.equal(entry.worker, worker.pid)
    assert.ok(entry.upstreamMs !== null && entry.upstreamMs > 0)
  }
})

test('A request that was given to another worker says so, and who had it last', async t => {
  const { srv, port, of } = await logged(t, { numWorkers: 2 })
  const [first, second] = srv.workers
  assert.ok(first !== undefined && second !== undefined)
  const told = Promise.race([message(first, 'waiting'), message(second, 'waiting').then(() => second)])
  const answer = fetchOnce(port, '/wait')
  const holder = (await told) ?? first
  const other = holder === first ? second : first
  const again = message(other, 'waiting')
  holder.kill()
  await again
  other.proc.kill('SIGUSR2')
  assert.equal((await answer).body, `waited at ${other.pid ?? ''}`)
  const entry = await of('/wait')
  assert.deepEqual([entry.retries, entry.worker, entry.status], [1, other.pid, 200])
})

test('Answers of middleware are logged, also errors; bytes are those of the body', async t => {
  const { srv, port, of } = await logged(t)
  srv.use((req, res, next) => {
    if (req.url === '/own') {
      res.write('ä')
      res.end('bc')
    } else if (req.url === '/wrong') next(new Error('wrong'))
    else next()
  })
  const own = await fetchOnce(port, '/own')
  assert.equal(own.headers['x-request-id'], (await of('/own')).id)
  await fetchOnce(port, '/wrong')
  const passed = await fetchOnce(port, '/pid', { method: 'HEAD' })
  assert.equal(passed.headers['x-request-id'], (await of('/pid')).id)
  assert.deepEqual(
    [(await of('/own')).status, (await of('/own')).bytes, (await of('/own')).worker],
    [200, 4, null]
  )
  assert.equal((await of('/wrong')).status, 500)
  assert.equal((await of('/pid')).bytes, 0)
})

test('An upload that asks for 100-continue is logged once, and arrives whole', async t => {
  const { port, of } = await logged(t)
  const headers = { Expect: '100-continue', 'Content-Length': 5 }
  const req = httpRequest({ port, host: '127.0.0.1', path: '/length', method: 'POST', headers })
  req.on('continue', () => req.end('12345'))
  req.flushHeaders()
  const [res] = (await once(req, 'response')) as [NodeJS.ReadableStream]
  res.resume()
  await once(res, 'end')
  const entry = await of('/length')
  assert.deepEqual([entry.method, entry.status, entry.bytes], ['POST', 200, 1])
})

test('An upgrade is logged when it ends: 101, or the answer that it got instead', async t => {
  const { srv, port, of, entries } = await logged(t)
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  let id: unknown
  client.on('upgrade', ({ headers }) => (id = headers['x-request-id']))
  await once(client, 'open')
  client.send('hello')
  await once(client, 'message')
  assert.deepEqual(entries, [])
  client.close()
  const entry = await of('/ws')
  assert.deepEqual([entry.status, entry.upgrade, entry.whole, entry.id], [101, true, true, id])
  assert.equal(entry.worker, srv.workers[0]?.pid)
  assert.ok(entry.upstreamMs !== null && entry.upstreamMs <= entry.durationMs)
  assert.ok(entry.bytes > 0)
  await srv.pause({ holdTimeout: '20ms' })
  const refused = new WebSocket(`ws://127.0.0.1:${port}/refused`)
  refused.on('error', () => {})
  await once(refused, 'error')
  assert.equal((await of('/refused')).status, 503)
})

test('Requests of HTTP/2 are logged as others, also when they are reset', async t => {
  const entries: AccessEntry[] = []
  const accessLog = (entry: AccessEntry): void => void entries.push(entry)
  const { srv, origin } = await serveHttp2(t, bothServer(), { numWorkers: 1, accessLog })
  await until(() => srv.workers.length === 1)
  const [worker] = srv.workers
  assert.ok(worker !== undefined)
  const client = session(t, origin)
  const answer = await answerOf(
    send(client, { ':path': '/pid', 'x-request-id': 'odd one', 'user-agent': 'h2' })
  )
  const entry = await entryOf(entries, '/pid')
  assert.deepEqual(
    [entry.status, entry.httpVersion, entry.bytes, entry.whole, entry.worker, entry.userAgent],
    [200, '2.0', answer.body.length, true, worker.pid, 'h2']
  )
  assert.match(entry.id, UUID)
  assert.equal(answer.headers['x-request-id'], entry.id)
  const told = message(worker, 'waiting')
  const stream = send(client, { ':path': '/never' })
  stream.on('error', () => {})
  await told
  stream.close(constants.NGHTTP2_CANCEL)
  const left = await entryOf(entries, '/never')
  assert.deepEqual([left.status, left.whole], [499, false])
})

test('up.proxy() names the upstream', async t => {
  const a = await startExternal(t, 'a')
  const entries: AccessEntry[] = []
  const { port } = await proxy(t, [`127.0.0.1:${a.place}`], { accessLog: entry => void entries.push(entry) })
  const { body } = await fetchOnce(port, '/fields', { headers: { 'X-Request-Id': 'z' } })
  assert.equal((JSON.parse(body) as Record<string, string>)['x-request-id'], 'z')
  const { upstream, worker, generation } = await entryOf(entries, '/fields')
  assert.deepEqual([upstream, worker, generation], [`127.0.0.1:${a.place}`, null, null])
})

test('A function that throws ends nothing', async t => {
  const warned = once(process, 'warning')
  const { port } = await serve(t, APP, {
    numWorkers: 1,
    accessLog: () => {
      throw new Error('full')
    }
  })
  assert.equal((await fetchOnce(port)).status, 200)
  const [warning] = (await warned) as [Error]
  assert.match(warning.message, /accessLog threw: Error: full/)
  assert.equal((await fetchOnce(port)).status, 200)
})
