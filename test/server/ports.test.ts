import assert from 'node:assert/strict'
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { get as getTls } from 'node:https'
import { connect, createServer as createNetServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { UpError } from '#lib/errors.js'
import { captureStderr, fixture, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, RawClient } from '../helpers/client.js'
import { temporary } from '../helpers/leftovers.js'
import { freePort, serveListening } from '../helpers/listens.js'
import { exited, until } from '../helpers/wait.js'

interface Seen {
  pid: number
  address: string
}

async function see(port: number, path = '/'): Promise<Seen> {
  return JSON.parse((await fetchOnce(port, path)).body) as Seen
}

/** Asks until it is stopped; returns how often, and what failed. */
function keepAsking(ask: () => Promise<unknown>): () => Promise<{ count: number; failed: unknown[] }> {
  const failed: unknown[] = []
  let count = 0
  let stopped = false
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await ask().catch((error: unknown) => failed.push(error))
      count++
    }
  }
  const loops = [loop(), loop(), loop(), loop()]
  return async () => {
    stopped = true
    await Promise.all(loops)
    return { count, failed }
  }
}

test('An app that listens itself is served at the port that it asks for, by all workers', async t => {
  const port = await freePort()
  const { srv, failures } = await serveListening(t, { places: [[port]] })
  assert.deepEqual(
    srv.status().ports.map(opened => ('port' in opened ? [opened.protocol, opened.port] : [])),
    [['http', port]]
  )
  const seen = [await see(port), await see(port)]
  assert.deepEqual(new Set(seen.map(({ pid }) => pid)), new Set(srv.workers.map(({ pid }) => pid)))
  assert.deepEqual(failures, [])
})

test('The client has the address that plain Node would show, also at a port of IPv4 and IPv6', async t => {
  const [both, four] = [await freePort(), await freePort()]
  await serveListening(t, { numWorkers: 1, places: [[both], [four, '127.0.0.1']] })
  const plain = createServer((req, res) => res.end(req.socket.remoteAddress)).listen(0)
  t.after(() => plain.close())
  await once(plain, 'listening')
  const expected = (await fetchOnce((plain.address() as AddressInfo).port)).body
  assert.equal((await see(both)).address, expected)
  assert.equal((await see(four)).address, '127.0.0.1')
})

test('A second port is balanced by itself, and loses no request in three reloads', async t => {
  const places = [[await freePort()], [await freePort()]]
  const { srv, failures, ports } = await serveListening(t, { places })
  const stops = ports().map(port => {
    const client = new Client(port)
    t.after(() => client.close())
    return keepAsking(async () => assert.equal((await client.get('/slow')).status, 200))
  })
  assert.equal(stops.length, 2)
  for (let i = 0; i < 3; i++) await srv.reload()
  for (const stop of stops) {
    const { count, failed } = await stop()
    assert.ok(count > 0)
    assert.deepEqual(failed, [])
  }
  for (const port of ports()) {
    const pids = new Set([(await see(port)).pid, (await see(port)).pid])
    assert.deepEqual(pids, new Set(srv.workers.map(({ pid }) => pid)))
  }
  assert.deepEqual(failures, [])
})

for (const [kind, ask] of [
  ['https', askTls],
  ['http2', askTls],
  ['net', askNet]
] as const) {
  test(`Workers accept connections of ${kind} themselves, and none is refused or cut in three reloads`, async t => {
    const port = await freePort()
    const { srv, failures } = await serveListening(t, { kind, places: [[port]] })
    const stop = keepAsking(() => ask(port))
    for (let i = 0; i < 3; i++) await srv.reload()
    const { count, failed } = await stop()
    assert.ok(count > 0)
    assert.deepEqual(failed, [])
    assert.deepEqual(failures, [])
  })
}

test('pause() holds the requests of every port until resume()', async t => {
  const places = [[await freePort()], [await freePort()]]
  const { srv, ports } = await serveListening(t, { places, numWorkers: 1 })
  assert.deepEqual(await srv.pause(), { drained: true, remaining: 0 })
  const answers = ports().map(port => see(port))
  const early = await Promise.race([...answers, new Promise(resolve => setTimeout(resolve, 200))])
  assert.equal(early, undefined)
  await srv.resume()
  for (const { pid } of await Promise.all(answers)) assert.equal(pid, srv.workers[0]?.pid)
})

test('Port 0 is one free port, the same for all workers and generations, and closed when none needs it', async t => {
  const { folder, file, write } = writeApp(t, appOf([[0], [0]]))
  const { srv, ports } = await serveListening(t, {}, file)
  const before = ports()
  assert.equal(new Set(before).size, 2)
  const said = JSON.parse((await fetchOnce(before[0] ?? 0)).body) as number[]
  assert.deepEqual(said, before)
  await srv.reload()
  assert.deepEqual(ports(), before)
  assert.ok(existsSync(folder))
  write(appOf([[0]]))
  await srv.reload()
  await until(() => ports().length === 1)
  assert.deepEqual(ports(), before.slice(0, 1))
  await assert.rejects(fetchOnce(before[1] ?? 0), { code: 'ECONNREFUSED' })
})

/** An app that listens there, and answers with the ports that its servers show. */
function appOf(places: readonly (readonly unknown[])[]): string {
  return `import { createServer } from 'node:http'
    const servers = ${JSON.stringify(places)}.map(place =>
      createServer((req, res) => res.end(JSON.stringify(servers.map(server => server.address().port)))).listen(...place))`
}

test('A UNIX path is opened by the master, also where a dead server left its socket, and removed at the end', async t => {
  const path = join(temporary, 'own.sock')
  const listens = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`
  const dead = spawn(process.execPath, ['-e', listens])
  await exited(dead)
  assert.ok(existsSync(path))
  const { srv } = await serveListening(t, { places: [[path]] })
  const pids = new Set()
  for (let i = 0; i < 4; i++) pids.add((JSON.parse(await askPath(path)) as Seen).pid)
  assert.equal(pids.size, 2)
  assert.deepEqual(srv.status().ports, [{ protocol: 'http', path }])
  await srv.close()
  assert.equal(existsSync(path), false)
})

test('A path at which somebody listens is not taken away from him', async t => {
  captureStderr(t)
  const path = join(temporary, 'taken.sock')
  const other = createNetServer(socket => socket.on('error', () => {}).end('mine')).listen(path)
  t.after(() => other.close())
  await once(other, 'listening')
  const { failures } = await serveListening(t, { places: [[path]], numWorkers: 1, keepAlive: false })
  assert.ok(failures[0] instanceof UpError)
  assert.equal(failures[0].code, 'UP_ERR_LISTEN')
  assert.equal(await text(connect(path)), 'mine')
})

test('A port that is taken is told to the app; by `fail` once, when it has died of that', async t => {
  const stderr = captureStderr(t)
  const other = createNetServer().listen(0)
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { srv, failures } = await serveListening(t, { places: [[port]], numWorkers: 1, keepAlive: false })
  assert.equal((failures[0] as UpError).code, 'UP_ERR_LISTEN')
  assert.match(
    failures[0]?.message ?? '',
    new RegExp(`^cannot listen on all interfaces, port ${port}: the port is`)
  )
  assert.equal(stderr(), '')

  const { file } = writeApp(
    t,
    `import { createServer } from 'node:http'
     createServer().listen(${port}).on('error', error => { console.error(String(error)); process.exit(1) })`
  )
  const heard = await serveListening(t, { numWorkers: 1, keepAlive: false }, file)
  assert.equal((heard.failures[0] as UpError).code, 'UP_ERR_LISTEN')
  await until(() => stderr().includes(`Error: listen EADDRINUSE: address already in use :::${port}`))
  for (const { length } of [failures, heard.failures]) assert.equal(length, 1)
  assert.equal(srv.workers.length, 0)
})

test('What is exported is served where the option says, until the app listens at that very port', async t => {
  const port = await freePort()
  const { file } = writeApp(
    t,
    `import { createServer } from 'node:http'
     export default (req, res) => res.end('exported')
     process.on('SIGUSR2', () => createServer((req, res) => res.end('own')).listen(${port}))`
  )
  const { srv, ports, failures } = await serveListening(t, { numWorkers: 1, listen: { port } }, file)
  assert.equal((await fetchOnce(port)).body, 'exported')
  srv.workers[0]?.proc.kill('SIGUSR2')
  let body
  do ({ body } = await fetchOnce(port))
  while (body !== 'own')
  assert.deepEqual(ports(), [port])
  assert.deepEqual(failures, [])
})

test('An app that never listens is told so after readyTimeout', async t => {
  captureStderr(t)
  const { file } = writeApp(t, 'setInterval(() => {}, 1000)')
  const { failures } = await serveListening(t, { numWorkers: 1, keepAlive: false, readyTimeout: 500 }, file)
  assert.match(failures[0]?.message ?? '', /did not listen within 500 ms \(readyTimeout\)/)
})

test('A server that shortens keepAliveTimeout after it listens still outlasts the connections of the master', async t => {
  const { file } = writeApp(
    t,
    `import { createServer } from 'node:http'
     const server = createServer((req, res) => res.end(String(server.keepAliveTimeout))).listen(0)
     server.keepAliveTimeout = 10`
  )
  const { ports } = await serveListening(t, { numWorkers: 1 }, file)
  assert.ok(Number((await fetchOnce(ports()[0] ?? 0)).body) > 15_000)
})

test('An app that forks by node:cluster works in a worker, and loses no request in three reloads', async t => {
  const port = await freePort()
  const { file } = writeApp(
    t,
    `import cluster from 'node:cluster'
     import { createServer } from 'node:http'
     if (cluster.isPrimary) for (let i = 0; i < 2; i++) cluster.fork()
     else createServer((req, res) => setTimeout(() => res.end('clustered'), 20)).listen(${port})`
  )
  const { srv, failures } = await serveListening(t, {}, file)
  const client = new Client(port)
  t.after(() => client.close())
  const stop = keepAsking(async () => assert.equal((await client.get('/')).body, 'clustered'))
  for (let i = 0; i < 3; i++) await srv.reload()
  const { count, failed } = await stop()
  assert.ok(count > 0)
  assert.deepEqual(failed, [])
  assert.deepEqual(failures, [])
})

test('up() works in the primary of node:cluster, and in its workers', async t => {
  const port = await freePort()
  const { file } = writeApp(
    t,
    `import cluster from 'node:cluster'
     import { createServer } from 'node:http'
     import up from ${JSON.stringify(import.meta.resolve('up-server'))}
     const server = createServer().listen(cluster.isPrimary ? 0 : ${port}, '127.0.0.1')
     const srv = up(server, ${JSON.stringify(fixture('plain.mjs'))}, { numWorkers: 1, execArgv: [] })
     srv.once('spawn', async () => {
       process.send(['ready', server.address().port])
       if (!cluster.isPrimary) return
       for (let i = 0; i < 2; i++) cluster.fork().on('message', message => process.send(message))
     })
     process.on('message', async () => {
       for (const worker of Object.values(cluster.workers ?? {})) worker.send('close')
       await srv.close()
       process.disconnect()
     })`
  )
  const program = fork(file, [], { execArgv: [] })
  t.after(() => program.kill('SIGKILL'))
  const ready: number[] = []
  program.on('message', message => ready.push((message as [string, number])[1]))
  await until(() => ready.length === 3)
  assert.deepEqual(ready.slice(1), [port, port])
  for (const each of ready) assert.equal((await fetchOnce(each)).status, 200)
  program.send('close')
  await exited(program)
})

test('In front of a server of the user, what an app asks for first is forwarded from there', async t => {
  const { port, srv } = await serve(t, fixture('listens.cjs'), {
    numWorkers: 1,
    env: { KIND: 'https', PLACES: JSON.stringify([[8443]]) }
  })
  const raw = new RawClient(port).write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match((await raw.end()).received, /^HTTP\/1\.1 200 OK/)
  assert.equal(srv.status().ports.length, 1)
})

function askTls(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    getTls({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, path: '/slow' }, res => {
      text(res).then(body => resolve(JSON.parse(body)), reject)
    }).on('error', reject)
  })
}

async function askNet(port: number): Promise<void> {
  assert.match(await text(connect(port, '127.0.0.1')), /^\d+$/)
}

function askPath(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, agent: false }, res => text(res).then(resolve, reject)).on('error', reject)
  })
}
