// How connections end, on either side, and what becomes of the other.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { answer, field, get, request } from '../helpers/front.js'
import { type RawPeer } from '../helpers/raw.js'
import { until } from '../helpers/wait.js'
import { conformance, type Wire } from './helpers/wire.js'

const POST = 'POST / HTTP/1.1\r\nHost: front\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'
const UPGRADE = get('/', ['Connection: Upgrade', 'Upgrade: foo'])

/** A client behind whose requests the pool has so many idle connections to the worker. */
async function pooled(wire: Wire, count = 1): Promise<{ client: RawPeer; idle: RawPeer[] }> {
  const client = wire.send(get('/warm-up', ['X: y']).repeat(count))
  const idle: RawPeer[] = []
  for (let i = 0; i < count; i++) idle.push(await wire.accept())
  for (const worker of idle) {
    await worker.takeHead()
    worker.send(answer(''))
    await client.takeHead()
  }
  return { client, idle }
}

conformance({ tls: true }, (wire, test) => {
  test('30. ten pipelined requests, the first of which takes longest, are answered in order', async () => {
    const waiting: (() => void)[] = []
    wire.answerAll((head, worker) => {
      const path = head.split(' ')[1] ?? ''
      waiting.push(() => worker.send(answer(path)))
      if (waiting.length === 10) for (const send of waiting.reverse()) send()
    })
    const client = wire.send(Array.from({ length: 10 }, (_, i) => get(`/${i}`)).join(''))
    for (let i = 0; i < 10; i++) {
      await client.takeHead()
      assert.equal(await client.takeBytes(2), `/${i}`)
    }
  })

  test('30. a request that comes while another is answered has its turn', async () => {
    const { client, worker } = await wire.exchange(get('/1'))
    client.send(get('/2'))
    worker.send(answer('one'))
    await client.takeHead()
    assert.equal(await client.takeBytes(3), 'one')
    const second = (): RawPeer | undefined => wire.connections.find(({ text }) => text.includes('/2 '))
    await until(() => second() !== undefined)
    second()?.send(answer('two'))
    await client.takeHead()
    assert.equal(await client.takeBytes(3), 'two')
  })

  for (const size of [10, 4 * 1024 * 1024]) {
    test(`31. a request and then FIN gets the whole answer, of ${size} bytes`, async () => {
      const { client, worker } = await wire.exchange(get())
      client.end()
      const body = 'x'.repeat(size)
      worker.send(answer(body))
      const whole = await client.takeAll()
      assert.ok(whole.endsWith(`\r\n\r\n${body}`))
    })
  }

  test('31. a body, a pipelined request and then FIN get both answers', async () => {
    wire.answerAll((head, worker) => worker.send(answer(head.split(' ')[1] ?? '')))
    const client = wire.connect().end(request('POST', '/1', [], 'GET /evil HTTP/1.1\r\n\r\n') + get('/2'))
    assert.match(await client.takeAll(), /^HTTP\/1\.1 200 [^]*\r\n\r\n\/1HTTP\/1\.1 200 [^]*\r\n\r\n\/2$/)
  })

  for (const [title, fields, more] of [
    ['a request', '', get('/evil')],
    ['bytes that are no request', '', 'garbage\r\n\r\n'],
    ['much that is no request', '', 'garbage'.repeat(100_000)]
  ] as const) {
    test(`${title} behind a request that is the connection's last costs it no byte of its answer`, async () => {
      for (const text of [
        get('/', ['Connection: close']),
        `GET / HTTP/1.0\r\n${fields}\r\n`,
        get('/', ['Connection: X, CLOSE'])
      ]) {
        const { client, worker } = await wire.exchange(text + more)
        client.send(more)
        const body = 'x'.repeat(2 * 1024 * 1024)
        worker.send(answer(body))
        const whole = await client.takeAll()
        assert.match(whole, /^HTTP\/1\.1 200 OK\r\n/)
        assert.equal(whole.length - whole.indexOf('\r\n\r\n') - 4, body.length)
        assert.equal(field(whole.slice(0, 500), 'Connection'), 'close')
        assert.equal(wire.connections.length, 1)
        await wire.clear()
      }
    })
  }

  test('bytes that are no request, behind one whose answer is due, are refused when it has come', async () => {
    const { client, worker } = await wire.exchange(get('/1') + 'garbage\r\n\r\n')
    worker.send(answer('one'))
    const whole = await client.takeAll()
    assert.match(whole, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\noneHTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\n$/)
    assert.equal(whole.split('HTTP/1.1 ').length, 3)
  })

  test('a connection of HTTP/1.0 goes on if both sides say so', async () => {
    const { client, worker } = await wire.exchange('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    worker.send(answer('one'))
    assert.equal(field(await client.takeHead(), 'Connection'), 'keep-alive')
    await client.takeBytes(3)
    client.send('GET /2 HTTP/1.0\r\n\r\n')
    assert.match(await worker.takeHead(), /^GET \/2 HTTP\/1\.1\r\n/)
    worker.send(answer('two'))
    assert.match(await client.takeAll(), /two$/)
  })

  test('an empty line before a request is no request', async () => {
    const { client, worker } = await wire.exchange('\r\n' + get())
    worker.send(answer(''))
    await client.takeHead()
    client.send('\r\n' + get())
    await worker.takeHead()
    worker.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  for (const [title, text] of [
    ['of known length', `${POST}Content-Length: 100\r\n\r\npart`],
    ['in chunks', `${POST}${CHUNKED}4\r\npart\r\n`]
  ] as const) {
    for (const how of ['reset', 'end'] as const) {
      test(`32. a client that goes by ${how} in an upload ${title} ends the request at the worker`, async () => {
        const { client, worker } = await wire.exchange(text)
        await worker.take('part')
        client[how]()
        assert.ok(!(await worker.takeAll()).includes('0\r\n\r\n'))
        await until(() => wire.inFlight === 0)
        if (how === 'end') assert.match(await client.takeAll(), /^(HTTP\/1\.1 400 |$)/)
      })
    }
  }

  test('32. a client that resets before its answer ends the request at the worker', async () => {
    const { client, worker } = await wire.exchange(get())
    client.reset()
    await worker.takeAll()
  })

  test('33. a client that resets in a download ends it at the worker', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
    await client.take('part')
    client.reset()
    // On a UNIX socket only a write shows whether one that ended its side still reads.
    worker.send('more')
    await worker.takeAll()
  })

  for (const how of ['end', 'reset'] as const) {
    test(`34. a worker that goes by ${how} before its answer is 502 for a POST, which is not repeated`, async () => {
      const { client, worker } = await wire.exchange(request('POST', '/', [], 'body'))
      await worker.take('body')
      worker[how]()
      assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
      assert.equal(wire.connections.length, 1)
    })

    test(`34. a GET whose worker goes by ${how} before its answer is repeated once, and then 502`, async () => {
      const { client, worker } = await wire.exchange(get())
      worker[how]()
      const second = await wire.accept()
      await second.takeHead()
      second[how]()
      assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
      assert.equal(wire.connections.length, 2)
    })
  }

  test('34. a worker that goes within the head of its answer is 502, and is not asked again', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.end('HTTP/1.1 200 OK\r\nA: ')
    assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
    assert.equal(wire.connections.length, 1)
  })

  for (const [framing, text] of [
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
    ['a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\npart']
  ] as const) {
    for (const how of ['end', 'reset'] as const) {
      test(`35. an answer by ${framing} that the worker breaks off by ${how} is cut`, async () => {
        const { client, worker } = await wire.exchange(get())
        worker.send(text)
        await client.take('part')
        worker[how]()
        assert.ok(!(await client.takeAll()).includes('0\r\n\r\n'))
      })
    }
  }

  test('35. an answer to HTTP/1.0 that the worker breaks off is a reset, for its end would look like the answer’s', async () => {
    if (wire.variant.tls) return
    const { client, worker } = await wire.exchange('GET / HTTP/1.0\r\n\r\n')
    worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n')
    await client.take('part')
    worker.reset()
    await client.whenClosed()
    assert.equal(client.error?.code, 'ECONNRESET')
    assert.equal(client.ended, false)
  })

  test('36. a refusal in the middle of an upload is delivered, and the connection goes on', async () => {
    const { client, worker } = await wire.exchange(`${POST}Content-Length: 100\r\n\r\npart`)
    await worker.take('part')
    worker.send(answer('too large', ['Connection: close'], '413 Content Too Large')).end()
    assert.match(await client.takeHead(), /^HTTP\/1\.1 413 /)
    assert.equal(await client.takeBytes(9), 'too large')
    client.send('x'.repeat(96) + get('/next'))
    const next = await wire.accept()
    assert.match(await next.takeHead(), /^GET \/next /)
    next.send(answer('ok'))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  test('36. a refusal reaches a client that goes on uploading, although the worker closes with bytes unread', async () => {
    const length = 8 * 1024 * 1024
    // Several of them, since the answer and the failure of a write race.
    for (let i = 0; i < 5; i++) {
      const client = wire.connect()
      client.send(`${POST}Connection: close\r\nContent-Length: ${length}\r\n\r\n`).send(Buffer.alloc(length))
      const worker = await wire.accept()
      await worker.takeHead()
      worker.socket.write(answer('too large', [], '413 Content Too Large'))
      worker.socket.pause().destroy()
      assert.match(await client.takeHead(), /^HTTP\/1\.1 413 /)
      client.reset()
    }
  })

  for (const how of ['end', 'reset'] as const) {
    test(`38. a GET is repeated on a new connection when its old one goes by ${how} at the moment of reuse`, async () => {
      // Each of the idle ones goes so, not only the first that is tried.
      const { client, idle } = await pooled(wire, 3)
      for (const worker of idle) worker.socket.once('data', () => worker[how]())
      client.send(get('/again'))
      const fresh = await wire.accept()
      assert.match(await fresh.takeHead(), /^GET \/again /)
      fresh.send(answer('once'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      assert.equal(wire.connections.length, 4)
    })

    test(`38. a POST that was sent is 502 and runs once when its connection goes by ${how}`, async () => {
      const { client, idle } = await pooled(wire)
      client.send(request('POST', '/once', [], 'body'))
      await idle[0]?.take('body')
      idle[0]?.[how]()
      assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
      assert.equal(wire.connections.length, 1)
    })
  }

  test('38. a GET is not repeated twice', async () => {
    const { client, idle } = await pooled(wire)
    client.send(get('/again'))
    await idle[0]?.takeHead()
    idle[0]?.reset()
    const fresh = await wire.accept()
    await fresh.takeHead()
    fresh.reset()
    assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
    assert.equal(wire.connections.length, 2)
  })

  test('38. a GET with a body is not repeated', async () => {
    const { client, idle } = await pooled(wire)
    client.send(request('GET', '/', [], 'body'))
    await idle[0]?.take('body')
    idle[0]?.reset()
    assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
    assert.equal(wire.connections.length, 1)
  })

  test('38. a GET whose answer has begun is not repeated', async () => {
    const { client, idle } = await pooled(wire)
    client.send(get('/'))
    await idle[0]?.takeHead()
    idle[0]?.end('H')
    assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
    assert.equal(wire.connections.length, 1)
  })

  for (const [title, text] of [
    ['says close', answer('', ['Connection: close'])],
    ['says close among other things', answer('', ['Connection: X, CLOSE'])],
    ['is HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n']
  ] as const) {
    test(`a worker's connection whose answer ${title} is not used again`, async () => {
      const { client, idle } = await pooled(wire)
      client.send(get())
      await idle[0]?.takeHead()
      idle[0]?.send(text)
      await client.takeHead()
      client.send(get())
      const next = await wire.accept()
      await next.takeHead()
      next.send(answer(''))
      await client.takeHead()
    })
  }

  test('a client’s wish to close ends its own connection only', async () => {
    const { client, worker } = await wire.exchange(get('/', ['Connection: close']))
    worker.send(answer('one'))
    assert.match(await client.takeAll(), /one$/)
    const other = wire.send(get())
    assert.match(await worker.takeHead(), /^GET /)
    worker.send(answer('two'))
    await other.take('two')
  })

  test('an upgrade behind a request waits for its answer', async () => {
    const { client, worker } = await wire.exchange(get('/1') + UPGRADE + 'early')
    const body = 'x'.repeat(4 * 1024 * 1024)
    worker.send(answer(body))
    await client.takeHead()
    assert.equal((await client.takeBytes(body.length)).length, body.length)
    const second = await wire.accept()
    assert.equal(field(await second.takeHead(), 'Upgrade'), 'foo')
    second.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nhello')
    assert.match(await client.takeHead(), /^HTTP\/1\.1 101 /)
    assert.equal(await client.takeBytes(5), 'hello')
    assert.equal(await second.takeBytes(5), 'early')
    client.reset()
  })

  test('a client that resets with an upgrade behind a request ends that request at the worker', async () => {
    const { client, worker } = await wire.exchange(get('/1') + UPGRADE)
    client.reset()
    await worker.takeAll()
  })
})

conformance(
  {
    prepare: server =>
      void server.on('clientError', (_error: Error, socket: Duplex) =>
        socket.end('HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n')
      )
  },
  (wire, test) => {
    test('A listener of the user’s for clientError is left alone', async () => {
      const client = wire.send('garbage\r\n\r\n')
      assert.equal(await client.takeAll(), 'HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n')
    })
  }
)

conformance({}, (wire, test) => {
  test('A listener of the user’s for clientError that comes later is left alone', async () => {
    const { server } = wire.srv
    const heard = once(server, 'clientError')
    const client = wire.send('garbage\r\n\r\n')
    const [error, socket] = (await heard) as [NodeJS.ErrnoException, { end(text: string): void }]
    assert.equal(error.code, 'HPE_INVALID_METHOD')
    socket.end('mine')
    assert.equal(await client.takeAll(), 'mine')
  })
})
