import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { answer, field, fieldAll, get, hop, request } from '../helpers/front.js'
import { TRANSPORTS } from '../helpers/raw.js'

for (const transport of TRANSPORTS) {
  test(`a request and its answer pass over ${transport}, and both connections go on`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect()
    for (let i = 0; i < 3; i++) {
      client.send(request('PUT', `/${i}`, ['X-One: 1'], 'a body'))
      const worker = i === 0 ? await upstream.accept() : upstream.connections[0]
      assert.ok(worker !== undefined)
      const head = await worker.takeHead()
      assert.ok(
        head.startsWith(`PUT /${i} HTTP/1.1\r\nHost: front\r\nX-One: 1\r\nContent-Length: 6\r\n`),
        head
      )
      assert.equal(await worker.takeBytes(6), 'a body')
      worker.send(answer('an answer', ['X-Two: 2'], '299 Odd'))
      const answered = await client.takeHead()
      assert.match(answered, /^HTTP\/1.1 299 Odd\r\nX-Two: 2\r\nContent-Length: 9\r\n/)
      assert.equal(await client.takeBytes(9), 'an answer')
    }
    assert.equal(upstream.connections.length, 1)
  })

  test(`a request and then FIN gets the whole answer over ${transport}`, async t => {
    const { front, upstream } = await hop(t, { transport })
    const client = front.connect().end(get())
    const worker = await upstream.accept()
    await worker.takeHead()
    const body = 'x'.repeat(4 * 1024 * 1024)
    worker.send(answer(body))
    const whole = await client.takeAll()
    assert.ok(whole.endsWith(`\r\n\r\n${body}`))
  })
}

test('chunks in both directions keep their bytes', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect()
  client.send('POST / HTTP/1.1\r\nHost: front\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n')
  const worker = await upstream.accept()
  assert.equal(field(await worker.takeHead(), 'Transfer-Encoding'), 'chunked')
  assert.equal(await worker.take('one\r\n'), '3\r\none\r\n')
  client.send('3;x=y\r\ntwo\r\n0\r\nX-Trailer: 1\r\n\r\n')
  assert.equal(await worker.take('0\r\n\r\n'), '3\r\ntwo\r\n0\r\n\r\n')
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nuno\r\n')
  assert.equal(field(await client.takeHead(), 'Transfer-Encoding'), 'chunked')
  assert.equal(await client.take('uno\r\n'), '3\r\nuno\r\n')
  worker.send('3;x=y\r\ndue\r\n0\r\nX-Trailer: 1\r\n\r\n')
  assert.equal(await client.take('0\r\n\r\n'), '3\r\ndue\r\n0\r\n\r\n')
})

test('the head of an answer does not wait for its body', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n')
  await client.takeHead()
  worker.send('a')
  await client.takeBytes(1)
  worker.send('b')
  await client.takeBytes(1)
  worker.send('c')
  await client.takeBytes(1)
})

for (const [title, method, text] of [
  ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
  ['HEAD with chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['HEAD with neither', 'HEAD', 'HTTP/1.1 200 OK\r\nETag: "a"\r\n\r\n'],
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
  ['205', 'GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
  ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
  ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  ['an empty body', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']
] as const) {
  test(`the answer ${title} has no body, and both connections go on`, async t => {
    const { front, upstream } = await hop(t)
    const client = front.connect()
    const status = text.slice(9, 12)
    for (let i = 0; i < 2; i++) {
      client.send(request(method, '/'))
      const worker = i === 0 ? await upstream.accept() : upstream.connections[0]
      await worker?.takeHead()
      worker?.send(text)
      const head = await client.takeHead()
      assert.equal(head.slice(9, 12), status)
      assert.equal(
        field(head, 'Content-Length'),
        status === '204' ? undefined : field(text, 'Content-Length')
      )
      assert.equal(field(head, 'ETag'), field(text, 'ETag'))
    }
    assert.equal(client.text, '')
    assert.equal(upstream.connections.length, 1)
  })
}

test('an answer that ends with the connection of the upstream is chunked for the client', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.end('HTTP/1.0 200 OK\r\n\r\nall')
  assert.equal(field(await client.takeHead(), 'Transfer-Encoding'), 'chunked')
  assert.equal(await client.take('0\r\n\r\n'), '3\r\nall\r\n0\r\n\r\n')
})

test('a client of HTTP/1.0 gets no chunks, and the end of the connection', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send('GET / HTTP/1.0\r\n\r\n')
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n')
  const whole = await client.takeAll()
  assert.equal(field(whole, 'Transfer-Encoding'), undefined)
  assert.match(whole, /\r\n\r\nall$/)
})

test('fields of the connection of the upstream end here', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  const fields = [
    'Connection: X-One, close',
    'X-One: 1',
    'Keep-Alive: timeout=99',
    'Upgrade: h2c',
    'X-Two: 2'
  ]
  worker.send(answer('ok', fields))
  const head = await client.takeHead()
  assert.equal(field(head, 'X-One'), undefined)
  assert.equal(field(head, 'Upgrade'), undefined)
  assert.equal(field(head, 'X-Two'), '2')
  assert.ok(!fieldAll(head, 'Keep-Alive').includes('timeout=99'))
  assert.equal(field(head, 'Connection'), 'keep-alive')
})

test('early hints come before the answer, in order, and what else is interim stays here', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n')
  const hints = await client.takeHead()
  assert.match(hints, /^HTTP\/1.1 103 Early Hints\r\n/)
  assert.equal(field(hints, 'Link'), '</a>; rel=preload')
  worker.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n')
  worker.send('HTTP/1.1 103 Early Hints\r\nLink: </b>; rel=preload\r\n\r\n' + answer('ok'))
  assert.equal(field(await client.takeHead(), 'Link'), '</b>; rel=preload')
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
})

test('a client of HTTP/1.0 gets no interim answer', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n')
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' + answer('ok'))
  assert.match(await client.takeAll(), /^HTTP\/1.1 200 /)
})

test('hints that node:http cannot send are left out, and the answer comes', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\n\r\n' + answer('ok'))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
})

test('the answers to pipelined requests come in order, though the first takes longest', async t => {
  const { front, upstream } = await hop(t)
  const waiting: (() => void)[] = []
  upstream.answerAll((head, peer) => {
    const path = head.split(' ')[1] ?? ''
    waiting.push(() => peer.send(answer(path)))
    if (waiting.length === 10) for (const send of waiting.reverse()) send()
  })
  const client = front.connect()
  client.send(Array.from({ length: 10 }, (_, i) => get(`/${i}`)).join(''))
  for (let i = 0; i < 10; i++) {
    await client.takeHead()
    assert.equal(await client.takeBytes(2), `/${i}`)
  }
})

test('an answer to somebody who was answered already is left alone', async t => {
  const { front, upstream } = await hop(t)
  let give: ((text: string) => void) | undefined
  let finish: (() => void) | undefined
  front.srv.server.prependListener('request', (_req: unknown, res: ServerResponse) => {
    give = text => res.write(text)
    finish = () => res.end()
  })
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  give?.('of middleware, ')
  await client.take('of middleware, ')
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n')
  // The connection to the upstream is ended, for nobody wants its answer.
  await worker.takeAll()
  give?.('to its end')
  finish?.()
  const rest = await client.take('0\r\n\r\n')
  assert.equal(rest, '\r\na\r\nto its end\r\n0\r\n\r\n', 'the rest of one chunk, a second one, and no more')
})
