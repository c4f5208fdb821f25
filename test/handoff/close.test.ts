import '../helpers/leftovers.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { writeApp } from '../helpers/app.js'
import {
  busyGuest,
  firstGuests,
  Guest,
  reloadAndLeave,
  serveHandoff,
  usedGuests
} from '../helpers/handoff.js'
import { events, message, until, within } from '../helpers/wait.js'

test('close() lets requests finish, closes idle connections, and ends all that was started', async t => {
  const running = await serveHandoff(t, { numWorkers: 1 })
  const { srv, server } = running
  const { used, silent } = await firstGuests(t, running, 3)
  const { guest, answer } = await busyGuest(t, running)
  const closed = srv.close()
  for (const { peer } of [...used, ...silent]) assert.equal(await peer.takeAll(), '')
  assert.match(await answer(), /^waited/)
  assert.equal(await guest.peer.takeAll(), '')
  await within(closed, 'close()')
  assert.deepEqual([server.listening, srv.status().state, srv.status().workers], [false, 'closed', []])
})

test('close() waits for a WebSocket until workerTimeout', async t => {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1, workerTimeout: '500ms' })
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  const gone = once(socket, 'close')
  await within(srv.close(), 'close()')
  await gone
})

test('close() while connections move leaves none behind', async t => {
  const { srv, port } = await serveHandoff(t)
  const guests = await usedGuests(t, port, 40)
  void srv.pause()
  void srv.resume()
  srv.reload().catch(() => {})
  await within(srv.close(), 'close()')
  for (const { peer } of guests) assert.equal(await peer.takeAll(), '')
})

test('a connection that comes back while the server closes is closed', async t => {
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 })
  const guests = await usedGuests(t, port, 200)
  // Their worker sends them one after the other; the server closes in the midst of that.
  void srv.pause()
  await until(() => srv.status().held > 0)
  await within(srv.close(), 'close()')
  for (const { peer } of guests) assert.equal(await peer.takeAll(), '')
})

const GRACEFUL = `
  import { createServer } from 'node:http'
  const server = createServer((req, res) => res.end('here'))
  const database = setInterval(() => {}, 1000)
  process.on('SIGTERM', () => server.close(error => {
    clearInterval(database)
    process.send('closed: ' + error)
  }))
  export default server
`

test('an app that closes its server at SIGTERM gets its callback without an error, and ends by itself', async t => {
  const { file } = writeApp(t, GRACEFUL)
  const { srv, port } = await serveHandoff(t, { numWorkers: 1, killTimeout: '20s' }, file)
  const [old] = srv.workers
  assert.ok(old !== undefined)
  const guest = new Guest(t, port)
  await guest.ask('/')
  const closed = message(old, 'closed: undefined')
  const gone = events(srv, 'terminate', 1)
  await srv.reload()
  await closed
  await gone
  assert.deepEqual([old.exitCode, old.signalCode], [0, null])
  assert.equal(await guest.ask('/'), 'here')
})

test('with close(), too, an app that closes its server at SIGTERM ends by itself', async t => {
  const { file } = writeApp(t, GRACEFUL)
  const { srv, port } = await serveHandoff(t, { numWorkers: 1, killTimeout: '20s' }, file)
  const [worker] = srv.workers
  await new Guest(t, port).ask('/')
  await within(srv.close(), 'close()')
  assert.deepEqual([worker?.exitCode, worker?.signalCode], [0, null])
})

test('for each connection that moved away, the old worker hears as many closes as it heard connections', async t => {
  const app = `
    import { createServer } from 'node:http'
    const server = createServer((req, res) => res.end('here'))
    let came = 0, went = 0
    setInterval(() => {}, 1000)
    server.on('connection', socket => {
      came++
      socket.on('close', () => went++)
    })
    process.on('SIGTERM', () => server.getConnections((error, count) =>
      process.send([came, went, count].join(), undefined, undefined, () => process.exit())))
    export default server
  `
  const { srv, port } = await serveHandoff(t, { numWorkers: 1 }, writeApp(t, app).file)
  const used = await usedGuests(t, port, 5)
  const move = async (counts: string): Promise<void> => {
    const [old] = srv.workers
    assert.ok(old !== undefined)
    const told = message(old, counts)
    await reloadAndLeave(srv)
    await told
  }
  await move('5,5,0')
  for (const guest of used) assert.equal(await guest.ask('/'), 'here')
  await move('5,5,0')
  // None was used since.
  await move('0,0,0')
  for (const guest of used) assert.equal(await guest.ask('/'), 'here')
})
