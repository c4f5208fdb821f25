// Request smuggling: whatever delimits a message wrongly, what stands behind it must never become a
// message of its own. `/evil` is glued behind each request, and must not reach the upstream.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, fieldAll, get, hop } from '../helpers/front.js'
import { TRANSPORTS } from '../helpers/raw.js'

const EVIL = 'GET /evil HTTP/1.1\r\nHost: front\r\n\r\n'

/** Requests that must be refused, up to their body. */
const REFUSED: Record<string, string> = {
  'a length and chunks': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunks and a length': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
  'chunks twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunks twice in one field': 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n',
  'chunks and identity': 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'an unknown coding': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'a coding before the chunks': 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a coding in quotes': 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
  'chunks with a vertical tab': 'Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n',
  'two lengths': 'Content-Length: 0\r\nContent-Length: 34\r\n\r\n',
  'the same length twice': 'Content-Length: 0\r\nContent-Length: 0\r\n\r\n',
  'a list of lengths': 'Content-Length: 0, 34\r\n\r\n',
  'an empty length': 'Content-Length: \r\n\r\n',
  'a length with a plus': 'Content-Length: +5\r\n\r\n',
  'a negative length': 'Content-Length: -5\r\n\r\n',
  'a hexadecimal length': 'Content-Length: 0x5\r\n\r\n',
  'a length beyond what can be counted': 'Content-Length: 99999999999999999999\r\n\r\n',
  'white space before the colon': 'Content-Length : 5\r\n\r\n',
  'white space before the colon of chunks': 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
  'a folded length': 'X-One: 1\r\n Content-Length: 34\r\n\r\n',
  'a field that ends in LF': 'X-One: 1\nContent-Length: 34\r\n\r\n',
  'a field that ends in CR': 'X-One: 1\rContent-Length: 34\r\n\r\n',
  'NUL in a value': 'X-One: \0\r\n\r\n',
  'a field without a name': ': 1\r\n\r\n',
  'a field without a colon': 'X-One\r\n\r\n'
}

for (const transport of TRANSPORTS) {
  for (const [title, rest] of Object.entries(REFUSED)) {
    test(`a request with ${title} is refused, and what follows is not read, over ${transport}`, async t => {
      const { front, upstream } = await hop(t, { transport })
      const client = front.connect().send(`POST / HTTP/1.1\r\nHost: front\r\n${rest}${EVIL}`)
      assert.match(await client.takeAll(), /^HTTP\/1.1 400 [^]*\r\n\r\n$/)
      assert.equal(upstream.connections.length, 0)
    })
  }
}

test('a request of HTTP/1.0 with chunks is refused, and what follows is not read', async t => {
  const { front, upstream } = await hop(t)
  const head = 'POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n'
  const whole = await front.connect().send(`${head}0\r\n\r\n${EVIL}`).takeAll()
  assert.match(whole, /^HTTP\/1.1 400 /)
  assert.equal(whole.split('HTTP/1.1').length, 2)
  assert.equal(upstream.connections.length, 0)
})

for (const [title, chunk] of [
  ['white space before its size', ' 3\r\none\r\n'],
  ['a sign before its size', '-3\r\none\r\n'],
  ['an underscore in its size', '1_0\r\none\r\n'],
  ['a size that is not hexadecimal', 'g\r\n'],
  ['a prefix before its size', '0x3\r\none\r\n'],
  ['LF behind its size', '3\none\r\n'],
  ['more data than its size', '3\r\nonetwo\r\n'],
  ['NUL in its extension', '3;\0\r\none\r\n']
] as const) {
  test(`a chunk with ${title} ends the request at both sides`, async t => {
    const { front, upstream } = await hop(t)
    const client = front.connect()
    client.send('POST / HTTP/1.1\r\nHost: front\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n')
    const worker = await upstream.accept()
    await worker.takeHead()
    assert.equal(await worker.take('good\r\n'), '4\r\ngood\r\n')
    client.send(chunk + '0\r\n\r\n' + EVIL)
    assert.match(await client.takeAll(), /^HTTP\/1.1 400 /)
    const rest = await worker.takeAll()
    assert.ok(!rest.includes('0\r\n\r\n') && !rest.includes('evil'), rest)
    assert.equal(upstream.connections.length, 1)
  })
}

for (const method of ['DELETE', 'OPTIONS', 'GET', 'HEAD']) {
  for (const [how, fields, body] of [
    ['in chunks', 'Transfer-Encoding: chunked', `${EVIL.length.toString(16)}\r\n${EVIL}\r\n0\r\n\r\n`],
    ['of known length', `Content-Length: ${EVIL.length}`, EVIL]
  ] as const) {
    test(`a body ${how} that looks like a request stays the body of ${method}`, async t => {
      const { front, upstream } = await hop(t)
      const client = front.connect()
      // The client nominates what delimits the body, in the hope that it is dropped.
      client.send(
        `${method} / HTTP/1.1\r\nHost: front\r\n` +
          `Connection: Transfer-Encoding, Content-Length, close\r\n${fields}\r\n\r\n${body}`
      )
      const worker = await upstream.accept()
      const head = await worker.takeHead()
      assert.ok(head.includes(`\r\n${fields}\r\n`), head)
      assert.deepEqual(fieldAll(head, 'Connection'), [])
      assert.equal(await worker.takeBytes(body.length), body)
      worker.send('HTTP/1.1 204 No Content\r\n\r\n')
      assert.match(await client.takeAll(), /^HTTP\/1.1 204 /)
      assert.equal(worker.text, '')
    })
  }
}

const TE = 'Transfer-Encoding: chunked'

for (const [title, bad] of [
  ['a length and chunks', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${TE}\r\n\r\n0\r\n\r\n`],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
  ['HTTP/1.0 and chunks', `HTTP/1.0 200 OK\r\n${TE}\r\n\r\n0\r\n\r\n`],
  ['a folded field', 'HTTP/1.1 200 OK\r\nX-One: 1\r\n Content-Length: 5\r\n\r\n'],
  ['LF in a value', 'HTTP/1.1 200 OK\r\nX-One: 1\nSet-Cookie: evil\r\n\r\n'],
  ['a control character in the reason', 'HTTP/1.1 200 \x01\r\n\r\n'],
  ['a switch of protocols that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nX-One: ${'x'.repeat(100_000)}`],
  ['no HTTP', '220 mail.example ESMTP\r\n\r\n']
] as const) {
  test(`an answer with ${title} is 502, once, and ends the connection to the upstream`, async t => {
    const { front, upstream } = await hop(t)
    const client = front.connect().send(get())
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.send(bad + answer('evil'))
    const whole = await client.takeHead()
    assert.match(whole, /^HTTP\/1.1 502 /)
    await worker.takeAll()
    assert.equal(client.text, '')
    client.send(get('/next'))
    const next = await upstream.accept()
    await next.takeHead()
    next.send(answer('ok'))
    assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
  })
}

test('bytes behind an answer are never the answer to another request', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send(get())
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send(answer('good') + answer('evil'))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
  assert.equal(await client.takeBytes(4), 'good')
  await worker.takeAll()
  client.send(get())
  const next = await upstream.accept()
  await next.takeHead()
  next.send(answer('also good'))
  await client.takeHead()
  assert.equal(await client.takeBytes(9), 'also good')
})

test('a body behind the answer to HEAD is never the answer to another request', async t => {
  const { front, upstream } = await hop(t)
  const client = front.connect().send('HEAD / HTTP/1.1\r\nHost: front\r\n\r\n')
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send(answer(answer('evil')))
  assert.match(await client.takeHead(), /^HTTP\/1.1 200 /)
  await worker.takeAll()
  client.send(get())
  const next = await upstream.accept()
  await next.takeHead()
  next.send(answer('good'))
  await client.takeHead()
  assert.equal(await client.takeBytes(4), 'good')
})
