import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { resolveOptions } from '#lib/options/resolve-options.js'
import { resolveProxyOptions } from '#lib/options/proxy-options.js'
import type { UpOptions } from '#lib/options/options.js'
import { fixture, launch, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, RawClient } from '../helpers/client.js'
import { proxy, startExternal } from '../helpers/external.js'
import { ask, bothServer, serveHttp2, session } from '../helpers/http2.js'
import { freePort, serveListening } from '../helpers/listens.js'
import { optionError } from '../helpers/option-error.js'
import { message, until } from '../helpers/wait.js'

const HEALTH: UpOptions = { healthPrefix: '/_up', numWorkers: 1 }
const APP = `export default (req, res) => res.end('app')\n`
/** One that takes its time until it is told to go on. */
const LATE = `await new Promise(go => process.on('message', text => text === 'go' && go()))\n${APP}`

for (const fastPath of [true, false]) {
  const way = fastPath ? 'on the fast path' : 'on the ordinary way'

  test(`The server itself answers at <prefix>/healthz and <prefix>/readyz, and nowhere else, ${way}`, async t => {
    const { srv, port } = await serve(t, writeApp(t, APP).file, { ...HEALTH, fastPath })
    const client = new Client(port)
    t.after(() => client.close())
    for (const [path, body] of [
      ['/_up/healthz', '{"healthy":true}\n'],
      ['/_up/readyz?from=balancer', '{"ready":true}\n']
    ] as const) {
      const answer = await client.get(path)
      assert.deepEqual([answer.status, answer.body], [200, body])
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
      assert.equal(answer.headers['cache-control'], 'no-store')
      const head = await client.send(path, { method: 'HEAD' })
      assert.deepEqual([head.status, head.body], [200, ''])
      assert.equal(head.headers['content-length'], String(body.length))
      const post = await client.post(path, 'x'.repeat(1000))
      assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
    }
    assert.equal(srv.status().workers[0]?.requests, 0)
    for (const path of ['/_up', '/_up/', '/_up/healthzz', '/healthz', '/_up/readyz/', '/x/_up/healthz'])
      assert.equal((await client.get(path)).body, 'app', path)
    assert.equal(client.connections, 1)
  })

  test(`Whole URLs and upgrades at these paths are not forwarded either, ${way}`, async t => {
    const { srv, port } = await serve(t, writeApp(t, APP).file, { ...HEALTH, fastPath })
    for (const [target, fields] of [
      ['http://up/_up/readyz', ''],
      ['/_up/readyz', 'Connection: Upgrade\r\nUpgrade: websocket\r\n']
    ]) {
      const client = new RawClient(port)
      t.after(() => client.socket.destroy())
      client.write(`GET ${target ?? ''} HTTP/1.1\r\nHost: up\r\n${fields ?? ''}\r\n`)
      assert.match(await client.until('{"ready":true}\n'), /^HTTP\/1\.1 200 OK\r\n/)
    }
    assert.equal(srv.status().workers[0]?.requests, 0)
  })

  test(`While requests are held, and while nobody is ready, the server answers at once, ${way}`, async t => {
    const { srv, port } = await launch(t, writeApp(t, LATE).file, { ...HEALTH, fastPath })
    const statuses = async (): Promise<number[]> => [
      (await fetchOnce(port, '/_up/healthz')).status,
      (await fetchOnce(port, '/_up/readyz')).status
    ]
    assert.deepEqual(await statuses(), [200, 503])
    assert.equal((await fetchOnce(port, '/_up/readyz')).body, '{"ready":false}\n')
    await until(() => {
      srv.spawning[0]?.proc.send('go')
      return srv.workers.length === 1
    })
    assert.deepEqual(await statuses(), [200, 200])
    await srv.pause()
    const held = fetchOnce(port)
    await until(() => srv.status().held === 1)
    assert.deepEqual(await statuses(), [200, 200])
    await srv.resume()
    assert.equal((await held).body, 'app')
  })

  test(`Once it closes, the server is not ready, ${way}`, async t => {
    const { srv, port } = await serve(t, fixture('app.mjs'), { ...HEALTH, fastPath })
    const [worker] = srv.workers
    assert.ok(worker !== undefined)
    const waiting = message(worker, 'waiting')
    const busy = fetchOnce(port, '/wait')
    await waiting
    const late = new RawClient(port)
    await once(late.socket, 'connect')
    late.write('GET /_up/readyz HTTP/1.1\r\nHost: up\r\n')
    // What was sent before this is there before it.
    assert.equal((await fetchOnce(port, '/_up/readyz')).status, 200)
    const closed = srv.close()
    late.write('\r\n')
    assert.match((await late.end()).received, /^HTTP\/1\.1 503 [^]*Connection: close[^]*\{"ready":false\}\n$/)
    worker.proc.kill('SIGUSR2')
    assert.equal((await busy).status, 200)
    await closed
  })
}

test('HTTP/2 is answered the same', async t => {
  const { srv, origin } = await serveHttp2(t, bothServer(), HEALTH)
  await until(() => srv.workers.length === 1)
  const client = session(t, origin)
  const { status, body } = await ask(client, { ':path': '/_up/readyz' })
  assert.deepEqual([status, body], [200, '{"ready":true}\n'])
  assert.equal((await ask(client, { ':path': '/_up/healthz', ':method': 'DELETE' })).status, 405)
  assert.equal(srv.status().workers[0]?.requests, 0)
})

test('The answer comes in front of all middleware', async t => {
  const { srv, port } = await serve(t, fixture('app.mjs'), HEALTH)
  srv.use((_req, res) => res.writeHead(401).end())
  assert.equal((await fetchOnce(port, '/_up/readyz')).status, 200)
  assert.equal((await fetchOnce(port)).status, 401)
})

test("Further ports are the app's alone", async t => {
  const places = [[await freePort()], [await freePort()]]
  const { srv, ports } = await serveListening(t, { places, ...HEALTH })
  const [first = 0, second = 0] = ports()
  assert.equal((await fetchOnce(first, '/_up/healthz')).body, '{"healthy":true}\n')
  assert.equal(srv.status().workers[0]?.requests, 0)
  await fetchOnce(second, '/_up/healthz')
  assert.equal(srv.status().workers[0]?.requests, 1)
})

test('A proxy is ready while an upstream is available', async t => {
  const upstream = await startExternal(t, 'a')
  const { srv, port } = await proxy(t, [`127.0.0.1:${upstream.place}`], { healthPrefix: '/' })
  assert.equal((await fetchOnce(port, '/readyz')).status, 200)
  assert.equal((await fetchOnce(port)).body, 'a')
  await upstream.kill()
  const held = fetchOnce(port)
  held.catch(() => {})
  await until(() => srv.upstreams.list()[0]?.state === 'unavailable')
  assert.equal((await fetchOnce(port, '/readyz')).status, 503)
  assert.equal((await fetchOnce(port, '/healthz')).status, 200)
  await startExternal(t, 'a', Number(upstream.place))
  await held
  assert.equal((await fetchOnce(port, '/readyz')).status, 200)
})

test('A wrong prefix is refused, and any with the transport handoff', () => {
  for (const value of ['', '_up', '/_up/', '//', '/a?b', '/a b', '/%41', 5]) {
    const wrong = optionError('healthPrefix', value, /a path such as '\/_up'/)
    assert.throws(() => resolveOptions({ healthPrefix: value as string }), wrong)
    assert.throws(() => resolveProxyOptions({ healthPrefix: value as string }), wrong)
  }
  assert.throws(
    () => resolveOptions({ healthPrefix: '/_up', transport: 'handoff' }),
    optionError('healthPrefix', '/_up', /absent with transport: 'handoff'/)
  )
})
