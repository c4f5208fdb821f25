import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { Answered } from '#lib/child/shared/answered.js'
import type { TrafficStatus } from '#lib/server/api.js'
import type { UpServer } from '#lib/server/up-server.js'
import { writeApp, type Running } from '../helpers/app.js'
import { Guest, serveHandoff } from '../helpers/handoff.js'
import { ask, cert, key, session } from '../helpers/http2.js'
import { until } from '../helpers/wait.js'

/** The path is the status; the server that `create` makes ends with it. */
function app(module: string, create: string): string {
  return `
    import * as module from '${module}'
    const tls = ${JSON.stringify({ cert, key, allowHTTP1: true })}
    export default ${create}
    function answer(req, res) {
      const status = Number(req.url.slice(1))
      if (status !== 999) return res.writeHead(status, { 'Content-Length': 2 }).end('ok')
      res.socket.destroy()
    }
  `
}

function serveStatuses(t: TestContext, module: string, create: string): Promise<Running> {
  return serveHandoff(t, { numWorkers: 1 }, writeApp(t, app(module, create)).file)
}

async function answered(srv: UpServer, count: number): Promise<TrafficStatus> {
  await until(() => srv.status().traffic.answered >= count)
  return srv.status().traffic
}

function assertFigures(srv: UpServer, traffic: TrafficStatus, answered: number, errors: number): void {
  assert.equal(traffic.answered, answered)
  assert.equal(traffic.errors, errors)
  const [worker] = srv.status().workers
  assert.equal(worker?.errors, errors)
  assert.ok(worker.p99Ms !== null && worker.p99Ms > 0)
}

test('Handoff: every status is counted, of ten thousand requests as of one', async t => {
  const { srv, port } = await serveStatuses(t, 'node:http', 'module.createServer(answer)')
  const guests = Array.from({ length: 20 }, () => new Guest(t, port))
  const get = (status: number): string => `GET /${status} HTTP/1.1\r\nHost: up\r\n\r\n`
  await Promise.all(
    guests.map(async ({ peer }) => {
      for (let i = 0; i < 500; i++) {
        peer.send(get(i % 10 === 0 ? 503 : 200))
        await peer.takeHead()
        await peer.takeBytes(2)
      }
    })
  )
  assertFigures(srv, await answered(srv, 10_000), 10_000, 1000)
  assert.equal(srv.status().workers[0]?.requests, 10_000)
  // Most were not timed, and those that were count for them.
  const { buckets } = srv.meter.total
  const timed = buckets.reduce((sum, count) => sum + count)
  assert.ok(timed > 5000 && timed < 20_000, `${timed}`)
})

test('Handoff: what a worker breaks off is a request, and no answer', async t => {
  const { srv, port } = await serveStatuses(t, 'node:http', 'module.createServer(answer)')
  const { peer } = new Guest(t, port)
  peer.send('GET /999 HTTP/1.1\r\nHost: up\r\n\r\n')
  await until(() => peer.ended)
  await new Guest(t, port).ask('/200')
  assertFigures(srv, await answered(srv, 1), 1, 0)
  assert.equal(srv.status().workers[0]?.requests, 2)
})

test('Handoff: statuses are counted inside TLS', async t => {
  const { srv, port } = await serveStatuses(t, 'node:https', 'module.createServer(tls, answer)')
  const agent = new Agent({ keepAlive: true, ca: cert, servername: 'localhost' })
  t.after(() => agent.destroy())
  for (const status of [200, 404, 500]) {
    const req = request({ host: '127.0.0.1', port, agent, path: `/${status}` }).end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    await text(res)
  }
  assertFigures(srv, await answered(srv, 3), 3, 1)
})

test('Handoff: statuses of HTTP/2 are counted by stream', async t => {
  const { srv, port } = await serveStatuses(t, 'node:http2', 'module.createSecureServer(tls, answer)')
  const client = session(t, `https://127.0.0.1:${port}`)
  for (const status of [200, 404, 500, 200])
    assert.equal((await ask(client, { ':path': `/${status}` })).status, status)
  assertFigures(srv, await answered(srv, 4), 4, 1)
})

test('Durations of a burst count for about as many as there were, and few are timed', () => {
  const answered = new Answered()
  for (let i = 0; i < 100_000; i++) {
    const res = new EventEmitter() as ServerResponse
    answered.onRequest(res)
    res.emit('finish')
  }
  const { took = [] } = answered.take() ?? {}
  const sum = took.reduce((all, [, count]) => all + count, 0)
  assert.ok(Math.abs(sum / 100_000 - 1) < 0.05, `${sum}`)
  assert.ok(took.length < 2000, `${took.length}`)
  assert.equal(answered.served, 100_000)
})
