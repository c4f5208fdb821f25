// Either side may go at any time: the other must learn of it, and nothing may be left.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, get, hop, request } from '../helpers/front.js'
import { TRANSPORTS } from '../helpers/raw.js'

const POST = 'POST / HTTP/1.1\r\nHost: front\r\n'

for (const transport of TRANSPORTS) {
  for (const [title, text] of [
    ['in an upload of known length', `${POST}Content-Length: 100\r\n\r\npart`],
    ['in an upload in chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n`]
  ] as const) {
    test(`a client that goes ${title} ends the request of the upstream, over ${transport}`, async t => {
      const { front, upstream } = await hop(t, { transport })
      const client = front.connect().send(text)
      const worker = await upstream.accept()
      await worker.takeHead()
      await worker.take('part')
      client.reset()
      assert.ok(!(await worker.takeAll()).includes('0\r\n\r\n'))
    })
  }

  test(`a client that goes in a download ends it at the upstream, over ${transport}`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect().send(get())
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
    await client.take('part')
    client.reset()
    // On a UNIX socket only a write shows whether a client that ended its side still reads.
    worker.send('more')
    await worker.takeAll()
  })

  test(`an upstream that goes before its answer is 502 for a POST, over ${transport}`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect().send(request('POST', '/', [], 'body'))
    const worker = await upstream.accept()
    await worker.take('body')
    worker.reset()
    assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
    assert.equal(upstream.connections.length, 1)
  })

  for (const [framing, text] of [
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n']
  ] as const) {
    for (const how of ['end', 'reset'] as const) {
      test(`an answer by ${framing} that the upstream breaks off by ${how} is cut, over ${transport}`, async t => {
        const { front, upstream } = await hop(t, { transport })
        const client = front.connect().send(get())
        const worker = await upstream.accept()
        await worker.takeHead()
        worker.send(text)
        await client.take('part')
        worker[how]()
        await client.takeAll()
        assert.ok(!client.text.includes('0\r\n\r\n'))
      })
    }
  }
}

test('a client that resets before its answer ends the request of the upstream', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  client.reset()
  await worker.takeAll()
})

test('an answer that ends with the connection, and is reset, is a reset for the client', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send('GET / HTTP/1.0\r\n\r\n')
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 200 OK\r\n\r\npart')
  await client.take('part')
  worker.reset()
  await client.whenClosed()
  // An end would look like the end of the answer.
  assert.equal(client.error?.code, 'ECONNRESET')
  assert.equal(client.ended, false)
})

test('an upstream that goes within the head of its answer is 502, and is not asked again', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.end('HTTP/1.1 200 OK\r\nA: ')
  assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
  assert.equal(upstream.connections.length, 1)
})

test('an upstream that goes in an upload is 502', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(`${POST}Content-Length: 100\r\n\r\npart`)
  const worker = await upstream.accept()
  await worker.take('part')
  worker.reset()
  assert.match(await client.takeHead(), /^HTTP\/1.1 502 /)
})

test('an upstream that stays silent is 504 at the deadline', async t => {
  const { front, upstream } = await hop(t, { proxyTimeout: 50 })
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  assert.match(await client.takeHead(), /^HTTP\/1.1 504 /)
  await worker.takeAll()
})

test('an upstream that falls silent in its answer is cut off at the deadline', async t => {
  const { front, upstream } = await hop(t, { proxyTimeout: 50 })
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
  await client.take('part')
  assert.equal(await client.takeAll(), '')
  await worker.takeAll()
})

test('a refusal in the middle of an upload is delivered, and the connection goes on', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(`${POST}Content-Length: 100\r\n\r\npart`)
  const worker = await upstream.accept()
  await worker.take('part')
  worker.send(answer('too large', ['Connection: close'], '413 Content Too Large')).end()
  assert.match(await client.takeHead(), /^HTTP\/1.1 413 /)
  assert.equal(await client.takeBytes(9), 'too large')
  client.send('x'.repeat(96) + get('/next'))
  const next = await upstream.accept()
  assert.match(await next.takeHead(), /^GET \/next /)
  next.send(answer('ok'))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
})

for (const transport of TRANSPORTS) {
  test(`a refusal reaches a client that goes on uploading, although the upstream closes, over ${transport}`, async t => {
    const { front, upstream } = await hop(t, { transport })
    // Many of them, since the answer and the failure of a write race.
    for (let i = 0; i < 30; i++) {
      const length = 8 * 1024 * 1024
      const client = front.connect()
      client.send(`${POST}Connection: close\r\nContent-Length: ${length}\r\n\r\n`).send(Buffer.alloc(length))
      const worker = await upstream.accept()
      await worker.takeHead()
      worker.socket.write(answer('too large', [], '413 Content Too Large'))
      // With bytes unread, which makes it a reset.
      worker.socket.pause().destroy()
      assert.match(await client.takeHead(), /^HTTP\/1.1 413 /)
      client.reset()
    }
  })
}
