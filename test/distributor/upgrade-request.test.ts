// An upgrade request that has a body, as Java's HttpClient sends it with `Upgrade: h2c`, is an ordinary
// request whose wish is ignored (RFC 9110 section 7.8).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, field, get, hop } from '../helpers/front.js'
import { TRANSPORTS } from '../helpers/raw.js'

const UPGRADE = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']

function post(path: string, more: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, 'Host: front', 'Cookie: \xe9', ...UPGRADE, ...more, '', ''].join('\r\n')
}

for (const transport of TRANSPORTS) {
  test(`an upgrade with a body becomes a request with that body, over ${transport}`, async t => {
    const { front: there, upstream } = await hop(t, { transport })
    const client = there.connect().send(post('/upload', ['Content-Length: 8']) + 'half')
    const worker = await upstream.accept()
    const head = await worker.takeHead()
    assert.match(head, /^POST \/upload HTTP\/1.1\r\n/)
    assert.equal(field(head, 'Cookie'), '\xe9')
    for (const name of ['Upgrade', 'Connection', 'HTTP2-Settings']) assert.equal(field(head, name), undefined)
    assert.equal(await worker.takeBytes(4), 'half')
    client.send('half')
    assert.equal(await worker.takeBytes(4), 'half')
    worker.send(answer('taken'))
    assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
    assert.equal(await client.takeBytes(5), 'taken')
  })
}

test('a chunked body of an upgrade ends where it says, and what follows is a request of its own', async t => {
  const { front: there, upstream } = await hop(t)
  const body = 'GET /evil HTTP/1.1\r\n\r\n'
  const client = there.connect()
  client.send(post('/a', ['Transfer-Encoding: chunked']))
  client.send(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n${get('/b')}`)
  const worker = await upstream.accept()
  assert.match(await worker.takeHead(), /^POST \/a /)
  assert.equal(await worker.take('0\r\n\r\n'), `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
  worker.send(answer(''))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
  // It was read while the first was on its way, so it has a connection of its own.
  const other = await upstream.accept()
  assert.match(await other.takeHead(), /^GET \/b /)
  other.send(answer(''))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
})

test('many upgrades with bodies may follow one another on a connection', async t => {
  const { front: there, upstream } = await hop(t)
  upstream.answerAll((_head, peer) => {
    peer.text = ''
    peer.send(answer('taken'))
  })
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const client = there.connect()
  for (let i = 0; i < 20; i++) {
    client.send(post(`/${i}`, ['Content-Length: 4']) + 'body')
    assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
    await client.takeBytes(5)
  }
  // Warnings are emitted in a later tick.
  await new Promise(setImmediate)
  assert.deepEqual(warnings.map(String), [])
})

test('a client that resets while its upgrade is read again does no harm', async t => {
  const { front: there, upstream } = await hop(t)
  const client = there.connect().send(post('/', ['Content-Length: 8']) + 'half')
  const worker = await upstream.accept()
  await worker.takeHead()
  client.reset()
  await worker.takeAll()
})

test('an upgrade without a body stays one', async t => {
  const { front: there, upstream } = await hop(t)
  const client = there.connect().send(get('/', ['Connection: Upgrade', 'Upgrade: foo', 'Content-Length: 0']))
  const worker = await upstream.accept()
  assert.equal(field(await worker.takeHead(), 'Upgrade'), 'foo')
  worker.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nhello')
  assert.match(await client.takeHead(), /^HTTP\/1.1 101 /)
  assert.equal(await client.takeBytes(5), 'hello')
})
