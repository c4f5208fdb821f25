// What RFC 9110 section 7.6 asks of gateways: Via and Max-Forwards.
import assert from 'node:assert/strict'
import { answer, fieldAll, get, request } from '../helpers/front.js'
import { conformance } from './helpers/wire.js'

conformance({}, (wire, test) => {
  test('Via names us behind those before us, in both directions, with the version that was received', async () => {
    const { client, worker, head } = await wire.exchange(
      get('/', ['Via: 1.0 a, 1.1 b', 'X-One: 1', 'via: 2 c'])
    )
    assert.deepEqual(fieldAll(head, 'Via'), ['1.0 a, 1.1 b', '2 c', '1.1 up'])
    worker.send(answer('', ['Via: 1.1 d']))
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), ['1.1 d', '1.1 up'])
  })

  test('Via tells a client of HTTP/1.0', async () => {
    const { client, worker, head } = await wire.exchange('GET / HTTP/1.0\r\n\r\n')
    assert.deepEqual(fieldAll(head, 'Via'), ['1.0 up'])
    worker.send(answer(''))
    assert.deepEqual(fieldAll(await client.takeAll(), 'Via'), ['1.1 up'])
  })

  test('Via tells a worker of HTTP/1.0', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.end('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n')
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), ['1.0 up'])
  })

  test('Via stands in interim answers, too', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' + answer(''))
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), ['1.1 up'])
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), ['1.1 up'])
  })

  test('an answer of ours has no Via', async () => {
    const { client, worker } = await wire.exchange(request('POST', '/', [], 'body'))
    worker.reset()
    const head = await client.takeHead()
    assert.match(head, /^HTTP\/1\.1 502 /)
    assert.deepEqual(fieldAll(head, 'Via'), [])
  })

  for (const method of ['OPTIONS', 'TRACE']) {
    for (const [given, sent] of [
      ['1', '0'],
      ['10', '9'],
      ['007', '6'],
      ['-1', '-1'],
      ['x', 'x'],
      ['1.5', '1.5'],
      ['99999999999999999999', '99999999999999999999']
    ] as const) {
      test(`Max-Forwards: ${given} of ${method} becomes ${sent}`, async () => {
        const { client, worker, head } = await wire.exchange(request(method, '/', [`Max-Forwards: ${given}`]))
        assert.deepEqual(fieldAll(head, 'Max-Forwards'), [sent])
        worker.send(answer(''))
        await client.takeHead()
      })
    }
  }

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
    test(`Max-Forwards means nothing to ${method}`, async () => {
      const { client, worker, head } = await wire.exchange(request(method, '/', ['Max-Forwards: 0']))
      assert.deepEqual(fieldAll(head, 'Max-Forwards'), ['0'])
      worker.send(method === 'HEAD' ? answer('') : answer(''))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })
  }

  test('OPTIONS that may go no further is answered here, and the connection goes on', async () => {
    const client = wire.connect()
    for (const target of ['/', '*']) {
      client.send(request('OPTIONS', target, ['Max-Forwards: 0']))
      const head = await client.takeHead()
      assert.match(head, /^HTTP\/1\.1 200 /)
      assert.deepEqual(fieldAll(head, 'Content-Length'), ['0'])
      assert.match(fieldAll(head, 'Allow')[0] ?? '', /\bGET\b/)
    }
    assert.equal(wire.connections.length, 0)
  })

  test('OPTIONS that may go no further may have a body', async () => {
    const client = wire.send(request('OPTIONS', '/', ['Max-Forwards: 0'], 'x'.repeat(100_000)) + get('/next'))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    const worker = await wire.accept()
    assert.match(await worker.takeHead(), /^GET \/next /)
    worker.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  test('TRACE that may go no further is refused, and shows nothing of the request', async () => {
    const client = wire.send(request('TRACE', '/', ['Max-Forwards: 0', 'Cookie: secret']))
    const head = await client.takeHead()
    assert.match(head, /^HTTP\/1\.1 405 /)
    assert.equal(fieldAll(head, 'Allow').length, 1)
    assert.deepEqual(fieldAll(head, 'Content-Length'), ['0'])
    assert.equal(wire.connections.length, 0)
  })
})

conformance({ options: { via: false } }, (wire, test) => {
  test('Without the option nobody gets a Via', async () => {
    const { client, worker, head } = await wire.exchange(get('/', ['Connection: Upgrade', 'Upgrade: foo']))
    assert.deepEqual(fieldAll(head, 'Via'), [])
    worker.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), [])
    client.reset()
  })

  test('Without the option a Via of others stays as it is', async () => {
    const { client, worker, head } = await wire.exchange(get('/', ['Via: 1.1 a']))
    assert.deepEqual(fieldAll(head, 'Via'), ['1.1 a'])
    worker.send(answer('', ['Via: 1.1 b']))
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), ['1.1 b'])
  })
})

conformance({ options: { via: 'edge-1' } }, (wire, test) => {
  test('A pseudonym of the user’s stands in our place', async () => {
    const { client, worker, head } = await wire.exchange(get())
    assert.deepEqual(fieldAll(head, 'Via'), ['1.1 edge-1'])
    worker.send(answer(''))
    assert.deepEqual(fieldAll(await client.takeHead(), 'Via'), ['1.1 edge-1'])
  })
})
