import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import { answer, field, fieldAll, get, hop, request } from '../helpers/front.js'
import { RawPeer, type RawUpstream } from '../helpers/raw.js'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url), 'utf8')
const cert = fixture('cert.pem')
const key = fixture('key.pem')

async function secure(t: TestContext): Promise<{ client: RawPeer; upstream: RawUpstream }> {
  const { front, upstream } = await hop(t, { server: createServer({ cert, key }) })
  const { port = 0, host = '' } = front.address
  const socket = connect({ port, host, ca: cert, servername: 'localhost' })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return { client: new RawPeer(socket), upstream }
}

test('an https server is distributed, and the upstream learns of it', async t => {
  const { client, upstream } = await secure(t)
  client.send(request('POST', '/', ['X-Forwarded-Proto: http'], 'body'))
  const worker = await upstream.accept()
  const head = await worker.takeHead()
  assert.deepEqual(fieldAll(head, 'X-Forwarded-Proto'), ['https'])
  assert.equal(await worker.takeBytes(4), 'body')
  worker.send(answer('taken'))
  await client.takeHead()
  assert.equal(await client.takeBytes(5), 'taken')
})

test('a client that closes its side behind its request gets the answer over TLS, too', async t => {
  const { front, upstream } = await hop(t, { server: createServer({ cert, key }) })
  const { port = 0, host = '' } = front.address
  const half: object = { allowHalfOpen: true }
  const socket = connect({ port, host, ca: cert, servername: 'localhost', ...half })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  const client = new RawPeer(socket).end(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  await new Promise(resolve => setImmediate(resolve))
  worker.send(answer('an answer'))
  assert.ok((await client.takeAll()).endsWith('an answer'))
})

test('a large answer passes whole over TLS', async t => {
  const { client, upstream } = await secure(t)
  const body = 'x'.repeat(8 * 1024 * 1024)
  client.send(get('/', ['Connection: close']))
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send(answer(body))
  const whole = await client.takeAll()
  assert.ok(whole.endsWith(body))
  assert.equal(field(whole.slice(0, 1000), 'Content-Length'), `${body.length}`)
})

test('an upgrade passes over TLS in both directions', async t => {
  const { client, upstream } = await secure(t)
  client.send(get('/', ['Connection: Upgrade', 'Upgrade: foo']) + 'early')
  const worker = await upstream.accept()
  assert.equal(field(await worker.takeHead(), 'X-Forwarded-Proto'), 'https')
  worker.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nhello')
  assert.match(await client.takeHead(), /^HTTP\/1.1 101 /)
  assert.equal(await client.takeBytes(5), 'hello')
  assert.equal(await worker.takeBytes(5), 'early')
  client.send('more')
  assert.equal(await worker.takeBytes(4), 'more')
  worker.end('bye')
  assert.equal(await client.takeAll(), 'bye')
})

test('an upgrade with a body becomes a request over TLS, too', async t => {
  const { client, upstream } = await secure(t)
  client.send(request('POST', '/', ['Connection: Upgrade', 'Upgrade: h2c'], 'body'))
  const worker = await upstream.accept()
  const head = await worker.takeHead()
  assert.equal(field(head, 'Upgrade'), undefined)
  assert.equal(field(head, 'X-Forwarded-Proto'), 'https')
  assert.equal(await worker.takeBytes(4), 'body')
  worker.send(answer('taken'))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
})

for (const [framing, text] of [
  ['its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n']
] as const) {
  test(`an answer delimited by ${framing} that the upstream breaks off ends the connection`, async t => {
    const { client, upstream } = await secure(t)
    client.send(get())
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.send(text)
    await client.take('part')
    worker.reset()
    await client.takeAll()
    assert.ok(!client.text.includes('0\r\n\r\n'))
  })
}
