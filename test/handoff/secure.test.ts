import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect as connectNet, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { Agent as UndiciAgent, request as undiciRequest } from 'undici'
import type { UpOptions } from '#lib/options/options.js'
import { writeApp, type Running } from '../helpers/app.js'
import { generationsByPid } from '../helpers/generations.js'
import { get, serveHandoff } from '../helpers/handoff.js'
import { cert, key } from '../helpers/http2.js'
import { RawPeer } from '../helpers/raw.js'
import { events, message, until } from '../helpers/wait.js'

/** An https server that tells its pid; at `/wait` after SIGUSR2. */
const SECURE = `
  import { createServer } from 'node:https'
  const waiting = []
  process.on('SIGUSR2', () => { for (const answer of waiting.splice(0)) answer() })
  export default createServer(${JSON.stringify({ cert, key })}, async (req, res) => {
    let length = 0
    for await (const piece of req) length += piece.length
    const answer = () => res.end(process.pid + ' ' + length)
    if (req.url !== '/wait') return answer()
    waiting.push(answer)
    process.send('waiting')
  })
`

function serveSecure(t: TestContext, options: UpOptions = {}): Promise<Running> {
  return serveHandoff(t, { numWorkers: 1, workerTimeout: '30s', ...options }, writeApp(t, SECURE).file)
}

/** A client of one TLS connection at a time. */
function secureClient(
  t: TestContext,
  port: number
): (path: string, body?: string) => Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cert, servername: 'localhost' })
  t.after(() => agent.destroy())
  return async (path, body) => {
    const method = body === undefined ? 'GET' : 'POST'
    const req = request({ port, host: '127.0.0.1', agent, path, method }).end(body)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    return res
  }
}

test("a request that comes to a retired worker over TLS is answered with 'Connection: close'; the next goes to the new one", async t => {
  const { srv, port } = await serveSecure(t)
  const generationOf = generationsByPid(srv)
  const ask = secureClient(t, port)
  const pidOf = async (res: IncomingMessage): Promise<string> => (await text(res)).split(' ')[0] ?? ''
  assert.equal(generationOf(await pidOf(await ask('/'))), 1)
  const gone = events(srv, 'terminate', 1)
  await srv.reload()
  // The worker may hear of the reload a request later than we do.
  for (let isLast = false; !isLast;) {
    const last = await ask('/')
    assert.equal(generationOf(await pidOf(last)), 1)
    isLast = last.headers.connection === 'close'
  }
  assert.equal(generationOf(await pidOf(await ask('/'))), 2)
  await gone
})

test("a request under way over TLS is answered with 'Connection: close' by the old worker", async t => {
  const { srv, port } = await serveSecure(t)
  const [old] = srv.workers
  assert.ok(old !== undefined)
  const ask = secureClient(t, port)
  const waiting = message(old, 'waiting')
  const answer = ask('/wait')
  await waiting
  await srv.reload()
  const gone = events(srv, 'terminate', 1)
  old.proc.kill('SIGUSR2')
  const res = await answer
  assert.equal(res.headers.connection, 'close')
  assert.equal(await text(res), `${old.pid ?? ''} 0`)
  await gone
})

test('clients of https lose no request at reloads, with bodies or without, through node:https and undici', async t => {
  const { srv, port } = await serveSecure(t, { numWorkers: 2 })
  const dispatcher = new UndiciAgent({
    connections: 1,
    pipelining: 1,
    connect: { ca: cert, servername: 'localhost' }
  })
  t.after(() => dispatcher.destroy())
  const body = 'x'.repeat(5000)
  const throughUndici = async (): Promise<string> => {
    const res = await undiciRequest(`https://127.0.0.1:${port}/`, { dispatcher, method: 'POST', body })
    return res.body.text()
  }
  const clients = Array.from({ length: 4 }, () => secureClient(t, port))
  let over = false
  const pids = new Set<string>()
  const loop = async (ask: () => Promise<string>): Promise<void> => {
    while (!over) {
      const [pid = '', length] = (await ask()).split(' ')
      assert.equal(length, '5000')
      pids.add(pid)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
  const loops = [loop(throughUndici), ...clients.map(ask => loop(async () => text(await ask('/', body))))]
  for (const one of loops) one.catch(() => (over = true))
  await until(() => pids.size > 0)
  for (let i = 0; i < 2; i++) {
    const gone = events(srv, 'terminate', 2)
    await srv.reload()
    await gone
  }
  over = true
  await Promise.all(loops)
})

test('curl keeps a TLS connection over several requests, and finds the new worker after the reload', async t => {
  const { srv, port } = await serveSecure(t)
  const url = `https://127.0.0.1:${port}/`
  const curl = async (): Promise<string> =>
    (await promisify(execFile)('curl', ['-sSk', '--max-time', '10', url, url, url])).stdout
  const before = await curl()
  await srv.reload()
  const after = await curl()
  assert.notEqual(before.split(' ')[0], after.split(' ')[0])
})

const ECHO = `
  import { createServer } from 'node:net'
  export default createServer(socket => {
    socket.write(process.pid + '\\n')
    socket.pipe(socket)
  })
`

function rawConnection(t: TestContext, port: number): { peer: RawPeer; socket: Socket } {
  const socket = connectNet(port, '127.0.0.1')
  t.after(() => socket.destroy())
  return { peer: new RawPeer(socket), socket }
}

test('connections of a net server stay with the old worker until they end, which leaves then', async t => {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1, workerTimeout: '30s' }, writeApp(t, ECHO).file)
  const generationOf = generationsByPid(srv)
  const { peer } = rawConnection(t, port)
  assert.equal(generationOf((await peer.take('\n')).trim()), 1)
  const gone = events(srv, 'terminate', 1)
  await srv.reload()
  peer.send('hello')
  assert.equal(await peer.takeBytes(5), 'hello')
  const { peer: late } = rawConnection(t, port)
  assert.equal(generationOf((await late.take('\n')).trim()), 2)
  peer.end()
  await gone
})

test('a TLS handshake that is under way at a reload comes to its end', async t => {
  const { srv, port } = await serveSecure(t)
  const raw = connectNet(port, '127.0.0.1')
  await once(raw, 'connect')
  await until(() => srv.status().workers.some(({ connections }) => connections === 1))
  const gone = events(srv, 'terminate', 1)
  await srv.reload()
  const { connect } = await import('node:tls')
  const socket = connect({ socket: raw, ca: cert, servername: 'localhost' })
  t.after(() => socket.destroy())
  const peer = new RawPeer(socket)
  peer.send(get('/'))
  assert.match(await peer.takeHead(), /connection: close/i)
  await gone
})
