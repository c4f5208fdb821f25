import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { answer, field, get, hop, type FrontOptions } from '../helpers/front.js'
import { Pour, TRANSPORTS, type RawPeer, type RawUpstream } from '../helpers/raw.js'

const UPGRADE = get('/chat', ['Connection: Upgrade', 'Upgrade: foo', 'X-One: 1'])
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'

/** A client that asks for an upgrade, and the upstream that has read its request. */
async function asked(
  t: TestContext,
  options: FrontOptions = {},
  request = UPGRADE
): Promise<{ client: RawPeer; worker: RawPeer; upstream: RawUpstream }> {
  const { front, upstream } = await hop(t, options)
  const client = front.connect().send(request)
  const worker = await upstream.accept()
  await worker.takeHead()
  return { client, worker, upstream }
}

/** The two ends of an upgraded connection. */
async function joined(
  t: TestContext,
  options: FrontOptions = {}
): Promise<{ client: RawPeer; worker: RawPeer }> {
  const { client, worker } = await asked(t, options)
  worker.send(SWITCH)
  await client.takeHead()
  return { client, worker }
}

for (const transport of TRANSPORTS) {
  test(`an upgrade joins client and upstream over ${transport}, with what came early from both`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect().send(UPGRADE + 'early from the client, ')
    const worker = await upstream.accept()
    const head = await worker.takeHead()
    assert.match(head, /^GET \/chat HTTP\/1.1\r\n/)
    assert.equal(field(head, 'Connection'), 'Upgrade')
    assert.equal(field(head, 'Upgrade'), 'foo')
    assert.equal(field(head, 'X-One'), '1')
    // Whether the protocols are switched is not known yet.
    assert.equal(worker.text, '')
    worker.send(SWITCH + 'early from the upstream, ')
    client.send('late from the client')
    const answered = await client.takeHead()
    assert.match(answered, /^HTTP\/1.1 101 Switching Protocols\r\n/)
    assert.equal(field(answered, 'Upgrade'), 'foo')
    worker.send('late from the upstream')
    assert.equal(
      await client.take('late from the upstream'),
      'early from the upstream, late from the upstream'
    )
    assert.equal(await worker.take('late from the client'), 'early from the client, late from the client')
  })

  test(`either end of an upgraded connection may close first, and the other may still send, over ${transport}`, async t => {
    for (const first of ['client', 'worker'] as const) {
      const ends = await joined(t, { transport })
      const second = first === 'client' ? 'worker' : 'client'
      ends[first].end('bye')
      assert.equal(await ends[second].takeAll(), 'bye')
      ends[second].end('good bye')
      assert.equal(await ends[first].takeAll(), 'good bye')
      await Promise.all([ends.client.whenClosed(), ends.worker.whenClosed()])
    }
  })

  test(`a refused upgrade brings the whole refusal and the end, over ${transport}`, async t => {
    const { client, worker } = await asked(t, { transport }, UPGRADE + get('/evil'))
    const body = 'x'.repeat(1024 * 1024)
    worker.send(answer(body, ['WWW-Authenticate: Basic', 'Connection: keep-alive'], '401 Unauthorized'))
    const head = await client.takeHead()
    assert.match(head, /^HTTP\/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n/)
    assert.equal(field(head, 'Connection'), 'close')
    assert.equal(await client.takeAll(), body)
    assert.equal(await worker.takeAll(), '')
  })
}

for (const transport of TRANSPORTS) {
  for (const [who, other] of [
    ['client', 'worker'],
    ['worker', 'client']
  ] as const) {
    test(`an upgraded connection ends when the ${who} is gone, over ${transport}`, async t => {
      const ends = await joined(t, { transport })
      ends[who].reset()
      await ends[other].takeAll()
      ends[other].end()
      await ends[other].whenClosed()
    })
  }

  test(`a large transfer passes an upgraded connection whole in both directions, over ${transport}`, async t => {
    const { client, worker } = await joined(t, { transport })
    const data = Buffer.alloc(8 * 1024 * 1024, 'x')
    client.send(data)
    worker.send(data)
    const before = [client.bytes, worker.bytes]
    await Promise.all([client.takeBytes(data.length), worker.takeBytes(data.length)])
    assert.ok(client.bytes >= data.length && worker.bytes >= data.length, String(before))
  })
}

test('a client that goes while its upgrade is undecided ends the request of the upstream', async t => {
  const { client, worker } = await asked(t)
  client.reset()
  await worker.takeAll()
})

test('an upstream that goes while an upgrade is undecided is 502', async t => {
  const { client, worker, upstream } = await asked(t)
  worker.reset()
  // A GET that was not answered is repeated once.
  const second = await upstream.accept()
  await second.takeHead()
  second.reset()
  assert.match(await client.takeAll(), /^HTTP\/1.1 502 /)
})

test('an upstream that stays silent about an upgrade is 504 at the deadline', async t => {
  const { client, worker } = await asked(t, { proxyTimeout: 50 })
  assert.match(await client.takeAll(), /^HTTP\/1.1 504 /)
  await worker.takeAll()
})

test('an upgraded connection may be silent for longer than the deadline', async t => {
  const { client, worker } = await asked(t, { proxyTimeout: 50 })
  worker.send(SWITCH)
  await client.takeHead()
  await new Promise(resolve => setTimeout(resolve, 150))
  worker.send('still here')
  assert.equal(await client.take('here'), 'still here')
})

test('a chunked refusal is chunked for the client, and its end is the end', async t => {
  const { client, worker } = await asked(t)
  worker.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n')
  assert.equal(field(await client.takeHead(), 'Transfer-Encoding'), 'chunked')
  worker.send('0\r\n\r\n')
  assert.equal(await client.takeAll(), '2\r\nno\r\n0\r\n\r\n')
})

test('a refusal that the upstream breaks off has no end', async t => {
  const { client, worker } = await asked(t)
  worker.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n')
  await client.take('no\r\n')
  worker.reset()
  assert.equal(await client.takeAll(), '')
})

test('what stands behind an upgrade that is answered with 200 is never sent on', async t => {
  const { client, worker, upstream } = await asked(t, {}, UPGRADE + get('/evil'))
  worker.send(answer('not upgraded'))
  assert.match(await client.takeAll(), /not upgraded$/)
  assert.equal(await worker.takeAll(), '')
  assert.equal(upstream.connections.length, 1)
})

test('fields of the connection of the upstream end at a 101, too', async t => {
  const { client, worker } = await asked(t)
  worker.send(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-One\r\nX-One: 1\r\nUpgrade: foo\r\nX-Two: 2\r\n\r\n'
  )
  const head = await client.takeHead()
  assert.equal(field(head, 'X-One'), undefined)
  assert.equal(field(head, 'X-Two'), '2')
  assert.equal(field(head, 'Connection'), 'Upgrade')
})

test('an interim answer to an upgrade is no answer', async t => {
  const { client, worker } = await asked(t)
  worker.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' + SWITCH)
  assert.match(await client.takeHead(), /^HTTP\/1.1 101 /)
})

test('a bad answer to an upgrade is 502', async t => {
  const { client, worker } = await asked(t)
  worker.send('HTTP/1.1 101 Switching Protocols\r\nA : 1\r\n\r\n')
  assert.match(await client.takeAll(), /^HTTP\/1.1 502 /)
})

test('a 101 that names no protocol is 502', async t => {
  const { client, worker } = await asked(t)
  worker.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nX: 1\r\n\r\n')
  assert.match(await client.takeAll(), /^HTTP\/1.1 502 /)
})

test('a refusal in many small chunks to a client that does not read makes no warning', async t => {
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const { client, worker } = await asked(t)
  client.socket.pause()
  worker.send('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n')
  const pour = new Pour(worker, Buffer.from(`100\r\n${'x'.repeat(256)}\r\n`.repeat(100)), 400)
  // More than there is room for between them, so that the upstream has to wait for the client.
  await pour.stalled()
  client.socket.resume()
  await pour.done
  worker.send('0\r\n\r\n')
  await client.takeHead()
  const body = await client.takeAll()
  // The chunks may be others than those of the upstream.
  assert.equal(body.replace(/[^x]+/g, '').length, 256 * 40_000)
  assert.ok(body.endsWith('x\r\n0\r\n\r\n'))
  assert.deepEqual(warnings.map(String), [])
})
