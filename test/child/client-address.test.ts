import assert from 'node:assert/strict'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { fixture, serve, writeApp } from '../helpers/app.js'
import { Client, fetchOnce, RawClient } from '../helpers/client.js'
import { message } from '../helpers/wait.js'

const app = fixture('address.cjs')

interface Seen {
  address?: string
  port?: number
  family?: string
  encrypted?: boolean
  forwarded: Record<string, string>
  raw: string[]
  distinct: string[]
}

async function see(client: Client, path = '/', headers: Record<string, string> = {}): Promise<Seen> {
  return JSON.parse((await client.get(path, { headers })).body) as Seen
}

test('An app sees the address of the client, not of the master', async t => {
  const { server, port } = await serve(t, app, { numWorkers: 1 })
  let real: AddressInfo | undefined
  server.on('connection', (socket: Socket) => {
    real = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, family: 'IPv4' }
  })
  const client = new Client(port)
  t.after(() => client.close())
  const { address, port: seenPort, family, encrypted } = await see(client)
  assert.deepEqual({ address, port: seenPort, family }, real)
  assert.equal(encrypted, false)
})

test('The X-Forwarded fields say who the client is, and what it asked for', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const client = new Client(port)
  t.after(() => client.close())
  const { forwarded } = await see(client, '/', { Host: 'shop.example:8080' })
  assert.deepEqual(forwarded, {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example:8080'
  })
})

test('Forged X-Forwarded fields are replaced', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const client = new Client(port)
  t.after(() => client.close())
  const { forwarded, raw } = await see(client, '/', {
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Proto': 'https',
    'x-forwarded-host': 'bank.example',
    Host: 'shop.example'
  })
  assert.deepEqual(forwarded, {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example'
  })
  assert.ok(!raw.includes('6.6.6.6') && !raw.includes('bank.example'))
})

test('With trustProxy a trusted peer is appended to what it forwarded', async t => {
  const { port } = await serve(t, app, { numWorkers: 1, trustProxy: 'loopback' })
  const client = new Client(port)
  t.after(() => client.close())
  const { forwarded, address } = await see(client, '/', {
    'X-Forwarded-For': '6.6.6.6',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'shop.example'
  })
  assert.deepEqual(forwarded, {
    'x-forwarded-for': '6.6.6.6, 127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example'
  })
  assert.equal(address, '127.0.0.1')
})

test('req.ip of Express is the client, without any setting', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const { body } = await fetchOnce(port, '/express', { headers: { Host: 'shop.example' } })
  assert.deepEqual(JSON.parse(body), { ip: '127.0.0.1', protocol: 'http', host: 'shop.example' })
})

test('The field by which a worker learns its client is never seen by the app', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const client = new Client(port)
  t.after(() => client.close())
  for (let i = 0; i < 2; i++) {
    const { raw, distinct, forwarded } = await see(client)
    const names = raw.filter((_, at) => at % 2 === 0).map(name => name.toLowerCase())
    assert.deepEqual(
      [...names, ...distinct, ...Object.keys(forwarded)].filter(name => name.startsWith('x-up')),
      []
    )
    assert.deepEqual([...names].sort(), [...distinct].sort())
  }
})

test('An upgrade shows its client, too, and not the field', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const client = new RawClient(port)
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  const { received } = await client.end()
  const seen = JSON.parse(received.slice(received.indexOf('{'))) as Seen
  assert.equal(seen.address, '127.0.0.1')
  assert.equal(seen.port, client.socket.localPort)
  assert.deepEqual(
    [...seen.raw, ...seen.distinct].filter(name => /^x-up/i.test(name)),
    []
  )
})

test('A client that guesses the form of the field is not believed', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const client = new Client(port)
  t.after(() => client.close())
  const { address, raw } = await see(client, '/', { 'X-Up-0123456789abcdef': '6.6.6.6 1 s' })
  assert.equal(address, '127.0.0.1')
  assert.ok(raw.includes('6.6.6.6 1 s'))
})

test('Clients that take turns on one connection to the worker never see one another', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const clients = [new Client(port), new Client(port), new Client(port)]
  t.after(() => clients.forEach(client => client.close()))
  const own = new Map<Client, number | undefined>()
  for (let round = 0; round < 5; round++) {
    for (const client of clients) {
      const { port: seen } = await see(client)
      assert.equal(seen, own.get(client) ?? seen)
      own.set(client, seen)
    }
  }
  assert.equal(new Set(own.values()).size, 3)
  assert.equal(srv.workers[0]?.requests, 15)
})

test('Requests of several clients at the same time show each its own', async t => {
  const { srv, port } = await serve(t, app, { numWorkers: 1 })
  const [worker] = srv.workers
  assert.ok(worker)
  const clients = [new Client(port), new Client(port), new Client(port)]
  t.after(() => clients.forEach(client => client.close()))
  const ports = []
  for (const client of clients) ports.push((await see(client)).port)
  const answers = []
  for (const client of clients) {
    const waiting = message(worker, 'waiting')
    answers.push(see(client, '/wait'))
    await waiting
  }
  worker.proc.kill('SIGUSR2')
  assert.deepEqual(
    (await Promise.all(answers)).map(seen => seen.port),
    ports
  )
})

test('A look after the answer, when the connection serves the next client already, shows the own one', async t => {
  const { port } = await serve(t, app, { numWorkers: 1 })
  const clients = [new Client(port), new Client(port), new Client(port)]
  t.after(() => clients.forEach(client => client.close()))
  const ports = []
  for (const client of clients) {
    ports.push((await see(client)).port)
    await client.get('/late')
  }
  const seen = JSON.parse((await fetchOnce(port, '/ended')).body) as Seen[]
  assert.deepEqual(
    seen.map(client => client.port),
    ports
  )
})

test('Behind an https server the app sees an encrypted connection', async t => {
  const { file } = writeApp(
    t,
    `import { createServer } from 'node:https'
     export default createServer((req, res) => res.end(req.socket.remoteAddress + ' ' + req.socket.encrypted))`
  )
  const { port } = await serve(t, file, { numWorkers: 1 })
  assert.equal((await fetchOnce(port)).body, '127.0.0.1 false')
})

test('Whoever connects to a worker without the master is seen as itself', async t => {
  const { srv } = await serve(t, app, { numWorkers: 1, workerBind: 'port' })
  const client = new Client(srv.workers[0]?.port ?? 0)
  t.after(() => client.close())
  const { address, forwarded } = await see(client, '/', { 'X-Forwarded-For': '1.2.3.4' })
  assert.equal(address, '127.0.0.1')
  assert.deepEqual(forwarded, { 'x-forwarded-for': '1.2.3.4' })
})
