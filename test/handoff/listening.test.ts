import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, createServer as createNetServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { UpServer } from '#lib/server/up-server.js'
import { fixture, launch, writeApp } from '../helpers/app.js'
import { generationsByPid } from '../helpers/generations.js'
import { firstGuests, get, Guest, reloadAndLeave, serveHandoff, usedGuests } from '../helpers/handoff.js'
import { cert, key } from '../helpers/http2.js'
import { RawPeer } from '../helpers/raw.js'
import { events, message, until, within } from '../helpers/wait.js'

const OPTIONS = { transport: 'handoff', numWorkers: 2, workerTimeout: '5s', execArgv: [] } as const

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('where the server listens already, connections are passed on, and move as any other', async t => {
  const server = createServer()
  const port = await listening(server)
  const srv = new UpServer(server, fixture('app.mjs'), OPTIONS)
  t.after(() => srv.close())
  // Nobody is ready yet.
  const burst = Array.from({ length: 100 }, () => new Guest(t, port))
  for (const { peer } of burst) peer.send(get('/pid'))
  await events(srv, 'spawn', 2)
  const generationOf = generationsByPid(srv)
  for (const guest of burst) assert.equal(generationOf(await guest.answer()), 1)
  await reloadAndLeave(srv)
  for (const guest of [...burst, new Guest(t, port)]) {
    guest.assertUntouched()
    assert.equal(generationOf(await guest.ask()), 2)
  }
})

test('where an https server listens already, TLS ends in the worker', async t => {
  const app = `
    import { createServer } from 'node:https'
    export default createServer(${JSON.stringify({ cert, key })}, (req, res) => res.end(String(process.pid)))
  `
  const server = createSecureServer()
  const port = await listening(server)
  const srv = new UpServer(server, writeApp(t, app).file, OPTIONS)
  t.after(() => srv.close())
  const socket = connectTls({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' })
  t.after(() => socket.destroy())
  const peer = new RawPeer(socket)
  await once(socket, 'secureConnect')
  peer.send(get('/'))
  await peer.take(/\r\n\r\n\d+/)
})

test('connections that come before a worker is ready wait for one', async t => {
  const { srv, port } = await launch(t, fixture('app.mjs'), OPTIONS)
  const guests = Array.from({ length: 50 }, () => new Guest(t, port))
  for (const { peer } of guests) peer.send(get('/pid'))
  assert.equal(srv.workers.length, 0)
  await Promise.all(guests.map(guest => guest.answer()))
})

test('connections that come while all workers are dead wait for the next', async t => {
  const { srv, port } = await serveHandoff(t, { minExpectedLifetime: 1 })
  await usedGuests(t, port, 4)
  const gone = events(srv, 'terminate', 2)
  for (const worker of srv.workers) worker.kill()
  await gone
  const guests = Array.from({ length: 50 }, () => new Guest(t, port))
  for (const { peer } of guests) peer.send(get('/pid'))
  await Promise.all(guests.map(guest => guest.answer()))
})

test('no connection is refused during reloads, with a queue for one', async t => {
  const server = createServer()
  const srv = new UpServer(server, fixture('app.mjs'), OPTIONS)
  t.after(() => srv.close())
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 })
  await events(srv, 'spawn', 2)
  const { port } = server.address() as AddressInfo
  let over = false
  const visit = async (): Promise<number> => {
    let visits = 0
    for (; !over; visits++) {
      const socket = connect(port, '127.0.0.1')
      const peer = new RawPeer(socket)
      peer.send(get('/pid').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
      const text = await peer.takeAll()
      assert.match(text, /^HTTP\/1\.1 200 /, `${text} ${peer.error?.code ?? ''}`)
      socket.destroy()
    }
    return visits
  }
  const visitors = Array.from({ length: 4 }, visit)
  for (const visitor of visitors) visitor.catch(() => {})
  for (let i = 0; i < 3; i++) await reloadAndLeave(srv)
  over = true
  assert.ok((await within(Promise.all(visitors), 'the visits')).every(visits => visits > 0))
})

test('an idle connection survives the death of other workers', async t => {
  const running = await serveHandoff(t, { numWorkers: 2, minExpectedLifetime: 1 })
  const { srv } = running
  const { used } = await firstGuests(t, running, 8)
  const pids = await Promise.all(used.map(guest => guest.ask()))
  const [victim] = srv.workers
  const spawned = events(srv, 'spawn', 1)
  victim?.kill()
  await spawned
  for (const [i, guest] of used.entries())
    if (pids[i] !== String(victim?.pid)) assert.equal(await guest.ask(), pids[i])
})

test("a port that is in use makes the server emit 'error', and it can listen elsewhere then", async t => {
  const other = createNetServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const server = createServer()
  const srv = new UpServer(server, fixture('app.mjs'), OPTIONS)
  t.after(() => srv.close())
  const failed = once(server, 'error')
  const listens = once(server, 'listening').then(() => ['listening'])
  listens.catch(() => {})
  server.listen(port, '127.0.0.1')
  const [error] = (await within(Promise.race([failed, listens]), 'the error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE')
  assert.equal(error.syscall, 'listen')
  assert.equal((error as { port?: number }).port, port)
  assert.equal(server.listening, false)
  const guest = new Guest(t, await listening(server))
  assert.match(await guest.ask(), /^\d+$/)
})

test('a server that is closed before a worker listened for it emits nothing but close', async t => {
  const server = createServer()
  const srv = new UpServer(server, fixture('app.mjs'), OPTIONS)
  t.after(() => srv.close())
  server.on('listening', () => assert.fail('it listens'))
  server.listen(0, '127.0.0.1')
  const closed = once(server, 'close')
  // The port is bound, but no process of a worker is there yet.
  await until(() => server.address() !== null)
  server.close()
  await within(closed, 'the close')
  await events(srv, 'spawn', 2)
})

test('when the user closes his server, nobody accepts any more, and requests under way are answered', async t => {
  const { srv, server, port } = await serveHandoff(t)
  const busy = new Guest(t, port)
  const waits = srv.workers.map(worker => message(worker, 'waiting'))
  busy.peer.send(get('/wait'))
  await Promise.race(waits)
  for (const wait of waits) wait.catch(() => {})
  server.close()
  let refused = false
  await until(() => {
    const probe = connect(port, '127.0.0.1')
    probe.on('error', () => (refused = true)).on('connect', () => probe.destroy())
    return refused
  })
  for (const worker of srv.workers) worker.proc.kill('SIGUSR2')
  assert.match(await busy.answer(), /^waited/)
})
