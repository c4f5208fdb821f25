// Upgrades (RFC 9110 section 7.8), and WebSockets (RFC 6455) with real clients.
import assert from 'node:assert/strict'
import { answer, field, get, request } from '../helpers/front.js'
import type { RawPeer } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'
import { conformance, type Wire } from './helpers/wire.js'

const FOO = ['Connection: Upgrade', 'Upgrade: foo']
const UPGRADE = get('/chat', [...FOO, 'X-One: 1'])
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'

async function joined(wire: Wire): Promise<{ client: RawPeer; worker: RawPeer }> {
  const { client, worker } = await wire.exchange(UPGRADE)
  worker.send(SWITCH)
  await client.takeHead()
  return { client, worker }
}

conformance({ tls: true }, (wire, test) => {
  test('43. a 101 joins both sides, with what came early from either, in order', async () => {
    const { client, worker, head } = await wire.exchange(UPGRADE + 'early from the client, ')
    assert.match(head, /^GET \/chat HTTP\/1\.1\r\n/)
    assert.equal(field(head, 'Connection'), 'Upgrade')
    assert.equal(field(head, 'Upgrade'), 'foo')
    assert.equal(field(head, 'X-One'), '1')
    // Whether the protocols are switched is not known yet.
    assert.equal(worker.text, '')
    client.send('then more, ')
    worker.send(SWITCH + 'early from the worker, ')
    client.send('late from the client')
    const answered = await client.takeHead()
    assert.match(answered, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
    assert.equal(field(answered, 'Upgrade'), 'foo')
    worker.send('late from the worker')
    assert.equal(await client.take('late from the worker'), 'early from the worker, late from the worker')
    assert.equal(
      await worker.take('late from the client'),
      'early from the client, then more, late from the client'
    )
    client.reset()
    await worker.takeAll()
  })

  test('43. 8 MB pass whole in both directions', async () => {
    const { client, worker } = await joined(wire)
    const data = Buffer.alloc(8 * 1024 * 1024, 'x')
    client.send(data)
    worker.send(data)
    await Promise.all([client.takeBytes(data.length), worker.takeBytes(data.length)])
    client.reset()
  })

  test('43. either side may close first, and the other may still send', async () => {
    for (const first of ['client', 'worker'] as const) {
      const ends = await joined(wire)
      const second = first === 'client' ? 'worker' : 'client'
      ends[first].end('bye')
      assert.equal(await ends[second].takeAll(), 'bye')
      ends[second].end('good bye')
      assert.equal(await ends[first].takeAll(), 'good bye')
    }
  })

  test('43. a 101 of several protocols keeps their order', async () => {
    const { client, worker, head } = await wire.exchange(
      get('/', ['Connection: upgrade', 'Upgrade: foo/2, bar'])
    )
    assert.equal(field(head, 'Upgrade'), 'foo/2, bar')
    worker.send(SWITCH.replace('Upgrade: foo', 'Upgrade: bar, foo/2'))
    assert.equal(field(await client.takeHead(), 'Upgrade'), 'bar, foo/2')
    client.reset()
  })

  test('44. a refusal arrives whole, and ends the connection', async () => {
    const { client, worker } = await wire.exchange(UPGRADE + get('/evil'))
    const body = 'x'.repeat(1024 * 1024)
    worker.send(answer(body, ['WWW-Authenticate: Basic', 'Connection: keep-alive'], '401 Unauthorized'))
    const head = await client.takeHead()
    assert.match(head, /^HTTP\/1\.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n/)
    assert.equal(field(head, 'Connection'), 'close')
    assert.equal(await client.takeAll(), body)
    assert.equal(await worker.takeAll(), '')
  })

  test('44. a chunked refusal arrives whole, and one that ends with the connection, too', async () => {
    for (const [text, then] of [
      ['HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n', '0\r\n\r\n'],
      ['HTTP/1.0 403 Forbidden\r\n\r\nno', undefined]
    ] as const) {
      const { client, worker } = await wire.exchange(UPGRADE)
      worker.send(text)
      if (then === undefined) worker.end()
      else worker.send(then)
      assert.equal(field(await client.takeHead(), 'Transfer-Encoding'), 'chunked')
      assert.equal(await client.takeAll(), '2\r\nno\r\n0\r\n\r\n')
      await wire.clear()
    }
  })

  test('44. a refusal that the worker breaks off has no end', async () => {
    const { client, worker } = await wire.exchange(UPGRADE)
    worker.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n')
    await client.take('no\r\n')
    worker.reset()
    assert.equal(await client.takeAll(), '')
  })

  for (const [title, reply] of [
    ['200', answer('not upgraded')],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['426', answer('', ['Upgrade: bar', 'Connection: Upgrade'], '426 Upgrade Required')]
  ] as const) {
    test(`45. what stands behind an upgrade that is answered with ${title} is never sent on`, async () => {
      const { client, worker } = await wire.exchange(UPGRADE + get('/evil'))
      worker.send(reply)
      assert.ok((await client.takeAll()).endsWith(reply.slice(reply.indexOf('\r\n\r\n'))))
      assert.equal(await worker.takeAll(), '')
      assert.equal(wire.connections.length, 1)
    })
  }

  for (const fields of [
    ['Upgrade: foo'],
    ['Connection: keep-alive', 'Upgrade: foo'],
    ['Connection: Upgrade']
  ]) {
    test(`45. ${fields.join(', ')} asks for no upgrade`, async () => {
      const { client, worker, head } = await wire.exchange(get('/', fields))
      assert.equal(field(head, 'Upgrade'), undefined)
      assert.equal(field(head, 'Connection'), undefined)
      worker.send(answer('ok'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      assert.equal(await client.takeBytes(2), 'ok')
    })
  }

  test('45. an upgrade in HTTP/1.0 is no way to a 101', async () => {
    const { client, worker } = await wire.exchange(`GET / HTTP/1.0\r\n${FOO.join('\r\n')}\r\n\r\n`)
    worker.send(answer('plain'))
    assert.match(await client.takeAll(), /^HTTP\/1\.1 200 [^]*plain$/)
  })

  for (const [title, text] of [
    ['without Host', UPGRADE.replace('Host: front\r\n', '')],
    ['with two Hosts', UPGRADE.replace('Host: front\r\n', 'Host: front\r\nHost: other\r\n')],
    [
      'with a length and chunks',
      UPGRADE.replace('X-One: 1', 'Content-Length: 1\r\nTransfer-Encoding: chunked')
    ]
  ] as const) {
    test(`12. an upgrade ${title} is refused, and what follows is not read`, async () => {
      const whole = await wire.send(text + get('/evil')).takeAll()
      assert.match(whole, /^HTTP\/1\.1 400 /)
      assert.equal(whole.split('HTTP/1.1 ').length, 2)
      assert.equal(wire.connections.length, 0)
    })
  }

  test('an upgrade with a body is a request with that body, and what follows is one of its own', async () => {
    const evil = 'GET /evil HTTP/1.1\r\n\r\n'
    for (const [fields, body] of [
      [`Content-Length: ${evil.length}`, evil],
      ['Transfer-Encoding: chunked', `${evil.length.toString(16)}\r\n${evil}\r\n0\r\n\r\n`]
    ] as const) {
      const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
      const { client, worker, head } = await wire.exchange(
        request('POST', '/', [...h2c, fields]) + body + get('/next')
      )
      for (const name of ['Upgrade', 'Connection', 'HTTP2-Settings'])
        assert.equal(field(head, name), undefined)
      assert.equal(await worker.takeBytes(body.length), body)
      worker.send(answer('taken'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      const next = await wire.accept()
      assert.match(await next.takeHead(), /^GET \/next /)
      next.send(answer(''))
      await client.take('taken')
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      await wire.clear()
    }
  })

  test('45. an upgrade to h2c without a body is the worker’s to refuse', async () => {
    const { client, worker } = await wire.exchange(
      get('/', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'])
    )
    worker.send(answer('HTTP/1.1'))
    assert.match(await client.takeAll(), /^HTTP\/1\.1 200 [^]*HTTP\/1\.1$/)
  })

  for (const [who, other] of [
    ['client', 'worker'],
    ['worker', 'client']
  ] as const) {
    test(`46. an upgraded connection ends when the ${who} is reset`, async () => {
      const ends = await joined(wire)
      ends[who].reset()
      await ends[other].takeAll()
      // A UNIX socket that is closed looks like one whose sending side is.
      ends[other].end()
      await until(() => wire.inFlight === 0)
    })
  }

  test('46. a client that resets while its upgrade is undecided ends the request at the worker', async () => {
    const { client, worker } = await wire.exchange(UPGRADE)
    client.reset()
    await worker.takeAll()
  })

  test('46. a worker that resets while an upgrade is undecided is 502, for a GET after one repetition', async () => {
    const { client, worker } = await wire.exchange(UPGRADE)
    worker.reset()
    const second = await wire.accept()
    await second.takeHead()
    second.reset()
    assert.match(await client.takeAll(), /^HTTP\/1\.1 502 /)
  })

  for (const bad of [
    'HTTP/1.1 101 Switching Protocols\r\nA : 1\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\n\r\n\r\n'
  ]) {
    test(`46. the answer ${JSON.stringify(bad.slice(34))} to an upgrade is 502`, async () => {
      const { client, worker } = await wire.exchange(UPGRADE)
      worker.send(bad)
      assert.match(await client.takeAll(), /^HTTP\/1\.1 502 /)
      await worker.takeAll()
    })
  }

  test('46. a hundred upgrades that end by reset, on either side and at any time, leave nothing', async () => {
    for (let i = 0; i < 100; i++) {
      const client = wire.send(UPGRADE)
      if (i % 5 === 0) {
        client.reset()
        continue
      }
      const worker = await wire.accept()
      if (i % 5 === 1) client.reset()
      else if (i % 5 === 2) {
        worker.send(SWITCH + 'x'.repeat(100_000))
        client.reset()
      } else {
        worker.send(SWITCH)
        await client.takeHead()
        client.send('x'.repeat(100_000))
        if (i % 5 === 4) worker.reset()
        // libuv tells of a reset that comes together with bytes as of an end; such a tunnel is half open.
        else worker.socket.once('end', () => worker.end())
        client.reset()
      }
    }
    await until(() => wire.inFlight === 0)
    const { client } = await joined(wire)
    client.reset()
  })
})
