// Request smuggling: whatever delimits a message wrongly, what stands behind it must never become a
// message of its own. `/evil` is glued behind each request, and must not reach the worker.
import assert from 'node:assert/strict'
import { answer, field, fieldAll, get } from '../helpers/front.js'
import { conformance, type Wire } from './helpers/wire.js'

const EVIL = 'GET /evil HTTP/1.1\r\nHost: front\r\n\r\n'
const LAST = '0\r\n\r\n'
const CHUNKED = 'Transfer-Encoding: chunked'

/** What stands behind the first field of a request that must be refused, up to its body. */
const REFUSED: Readonly<Record<string, string>> = {
  '1. a length and chunks': `Content-Length: 5\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '1. chunks and a length': `${CHUNKED}\r\nContent-Length: 5\r\n\r\n${LAST}`,
  '1. a length of 0 and chunks': `Content-Length: 0\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '1. a length and CHUNKED': `Content-Length: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n${LAST}`,
  '1. a length, chunks, and a Connection that names both': `Connection: Content-Length, Transfer-Encoding\r\nContent-Length: 5\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '2. chunks twice': `${CHUNKED}\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '2. chunks twice in one field': `${CHUNKED}, chunked\r\n\r\n${LAST}`,
  '2. chunks and identity': `${CHUNKED}, identity\r\n\r\n${LAST}`,
  '2. identity and chunks': `Transfer-Encoding: identity, chunked\r\n\r\n${LAST}`,
  '2. identity': 'Transfer-Encoding: identity\r\n\r\n',
  '2. an unknown coding': `Transfer-Encoding: xchunked\r\n\r\n${LAST}`,
  '2. an unknown coding behind chunks': `${CHUNKED}, x\r\n\r\n${LAST}`,
  '2. an unknown coding in a second field': `${CHUNKED}\r\nTransfer-Encoding: x\r\n\r\n${LAST}`,
  '2. a coding before the chunks': `Transfer-Encoding: gzip, chunked\r\n\r\n${LAST}`,
  '2. an empty coding': 'Transfer-Encoding:\r\n\r\n',
  '2. an empty element before chunks': `Transfer-Encoding: , chunked\r\n\r\n${LAST}`,
  '2. a parameter of chunks': `${CHUNKED};a=b\r\n\r\n${LAST}`,
  '2. a coding in quotes': `Transfer-Encoding: "chunked"\r\n\r\n${LAST}`,
  '2. chunks with a vertical tab': `Transfer-Encoding: \x0bchunked\r\n\r\n${LAST}`,
  '2. chunks with NUL': `${CHUNKED}\0\r\n\r\n${LAST}`,
  '2. chunks with a no-break space': `Transfer-Encoding: \xa0chunked\r\n\r\n${LAST}`,
  '2. chunks with a byte above 7F': `${CHUNKED}\xff\r\n\r\n${LAST}`,
  '4. two lengths': 'Content-Length: 0\r\nContent-Length: 36\r\n\r\n',
  '4. two lengths, the long one first': 'Content-Length: 36\r\nContent-Length: 0\r\n\r\n',
  '4. the same length twice': 'Content-Length: 0\r\nContent-Length: 0\r\n\r\n',
  '4. a list of lengths': 'Content-Length: 0, 36\r\n\r\n',
  '4. a list of the same length': 'Content-Length: 0, 0\r\n\r\n',
  '4. an empty length': 'Content-Length: \r\n\r\n',
  '4. a length with a plus': 'Content-Length: +5\r\n\r\n',
  '4. a negative length': 'Content-Length: -5\r\n\r\n',
  '4. a hexadecimal length': 'Content-Length: 0x5\r\n\r\n',
  '4. a length with an underscore': 'Content-Length: 3_6\r\n\r\n',
  '4. a length with a space in it': 'Content-Length: 3 6\r\n\r\n',
  '4. a length with a point': 'Content-Length: 5.0\r\n\r\n',
  '4. a length with an exponent': 'Content-Length: 1e1\r\n\r\n',
  '4. a length in other digits': 'Content-Length: \xd9\xa3\r\n\r\n',
  '4. a length in quotes': 'Content-Length: "5"\r\n\r\n',
  '4. a length beyond what can be counted': 'Content-Length: 99999999999999999999\r\n\r\n',
  '4. a length that overflows to 0': 'Content-Length: 18446744073709551616\r\n\r\n',
  '5. white space before the colon': 'Content-Length : 5\r\n\r\n',
  '5. a tab before the colon': 'Content-Length\t: 5\r\n\r\n',
  '5. white space before the colon of chunks': `Transfer-Encoding : chunked\r\n\r\n${LAST}`,
  '5. a folded length': 'X-One: 1\r\n Content-Length: 36\r\n\r\n',
  '5. a length folded by a tab': 'X-One: 1\r\n\tContent-Length: 36\r\n\r\n',
  '5. chunks on a folded line': `Transfer-Encoding:\r\n chunked\r\n\r\n${LAST}`,
  '5. a length on a folded line': 'Content-Length:\r\n 36\r\n\r\n',
  '6. a field that ends in LF': 'X-One: 1\nContent-Length: 36\r\n\r\n',
  '6. a field that ends in CR': 'X-One: 1\rContent-Length: 36\r\n\r\n',
  '6. a length that ends in LF': 'Content-Length: 36\n\r\n',
  '6. an empty line of LF': 'X-One: 1\r\n\n',
  '6. line ends of LF alone': 'X-One: 1\n\n',
  '5. a control character in a name': 'X\x01One: 1\r\n\r\n',
  '5. a byte above 7F in a name': 'X\xe9: 1\r\n\r\n',
  '5. NUL in a value': 'X-One: \0\r\n\r\n',
  '5. a field without a name': ': 1\r\n\r\n',
  '5. a field without a colon': 'X-One\r\n\r\n',
  '12. a second Host': 'Host: other\r\n\r\n',
  '12. the same Host again': 'host: front\r\n\r\n'
}

/** Whole heads that must be refused. */
const HEADS: Readonly<Record<string, string>> = {
  '3. chunks in HTTP/1.0': `POST / HTTP/1.0\r\nHost: front\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '3. chunks in HTTP/1.0 that is to go on': `POST / HTTP/1.0\r\nConnection: keep-alive\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '3. chunks and a length in HTTP/1.0': `POST / HTTP/1.0\r\nContent-Length: 5\r\n${CHUNKED}\r\n\r\n${LAST}`,
  '5. white space before the first field': 'GET / HTTP/1.1\r\n Host: front\r\n\r\n',
  '6. a request line that ends in LF': 'GET / HTTP/1.1\nHost: front\r\n\r\n',
  '6. a request line that ends in CR': 'GET / HTTP/1.1\rHost: front\r\n\r\n',
  '6. LF alone throughout': 'GET / HTTP/1.1\nHost: front\n\n',
  '12. no Host': 'GET / HTTP/1.1\r\n\r\n',
  '12. no Host, but an absolute target': 'GET http://front/ HTTP/1.1\r\n\r\n',
  '12. two Hosts before an absolute target’s own': 'GET http://front/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  '12. a Host with white space': 'GET / HTTP/1.1\r\nHost: front other\r\n\r\n',
  '12. a Host with a path': 'GET / HTTP/1.1\r\nHost: front/evil\r\n\r\n',
  '12. a Host with userinfo': 'GET / HTTP/1.1\r\nHost: user@front\r\n\r\n',
  '12. a list of Hosts': 'GET / HTTP/1.1\r\nHost: front, other\r\n\r\n',
  '12. a Host with two ports': 'GET / HTTP/1.1\r\nHost: front:80:80\r\n\r\n',
  '12. a Host above 7F': 'GET / HTTP/1.1\r\nHost: fr\xf6nt\r\n\r\n',
  'no version': 'GET /\r\nHost: front\r\n\r\n',
  'version 2.0': 'GET / HTTP/2.0\r\nHost: front\r\n\r\n',
  'version 1.2': 'GET / HTTP/1.2\r\nHost: front\r\n\r\n',
  'version 0.9': 'GET / HTTP/0.9\r\nHost: front\r\n\r\n',
  'a version in small letters': 'GET / http/1.1\r\nHost: front\r\n\r\n',
  'a space in the target': 'GET /a b HTTP/1.1\r\nHost: front\r\n\r\n',
  'a tab in the request line': 'GET\t/ HTTP/1.1\r\nHost: front\r\n\r\n',
  'a control character in the target': 'GET /\x01 HTTP/1.1\r\nHost: front\r\n\r\n',
  'a byte above 7F in the target': 'GET /\xe9 HTTP/1.1\r\nHost: front\r\n\r\n',
  'a method in small letters': 'get / HTTP/1.1\r\nHost: front\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a handshake of TLS': '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03'
}

/** One refusal, the end of the connection, and nobody at the worker's. */
async function refused(wire: Wire, text: string, status = /^HTTP\/1\.1 (400|501) /): Promise<void> {
  const whole = await wire.send(text).takeAll()
  assert.match(whole, status)
  assert.equal(whole.split('HTTP/1.1 ').length, 2, whole)
  assert.match(whole, /\r\nConnection: close\r\n/i)
  assert.equal(wire.connections.length, 0)
}

const BAD_CHUNKS: Readonly<Record<string, string>> = {
  'a space before its size': ' 3\r\none\r\n',
  'a minus before its size': '-3\r\none\r\n',
  'a plus before its size': '+3\r\none\r\n',
  '-0 for its size': '-0\r\n\r\n',
  'a space before the size 0': ' 0\r\n\r\n',
  'an underscore in its size': '1_0\r\none\r\n',
  'no size': '\r\none\r\n',
  'a size that is not hexadecimal': 'g\r\n',
  'a prefix before its size': '0x3\r\none\r\n',
  'a size of 17 digits': '10000000000000003\r\none\r\n',
  'LF behind its size': '3\none\r\n',
  'CR behind its size': '3\rone\r\n',
  'LF behind its data': '3\r\none\n',
  'more data than its size': '3\r\nonetwo\r\n',
  'NUL in its extension': '3;\0\r\none\r\n',
  'LF in its extension': '3;a\nb\r\none\r\n',
  'a trailer without a colon': '0\r\nX-One\r\n\r\n',
  'a folded trailer': '0\r\nX-One: 1\r\n 2\r\n\r\n',
  'a trailer that ends in LF': '0\r\nX-One: 1\n\r\n'
}

const BAD_ANSWERS: Readonly<Record<string, string>> = {
  'a length and chunks': `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${CHUNKED}\r\n\r\n${LAST}`,
  'chunks and a length': `HTTP/1.1 200 OK\r\n${CHUNKED}\r\nContent-Length: 5\r\n\r\n${LAST}`,
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n',
  'a list of lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n',
  'a length with a plus': 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n',
  'an empty length': 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n',
  'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
  'chunks twice': `HTTP/1.1 200 OK\r\n${CHUNKED}, chunked\r\n\r\n${LAST}`,
  'HTTP/1.0 and chunks': `HTTP/1.0 200 OK\r\n${CHUNKED}\r\n\r\n${LAST}`,
  'a folded field': 'HTTP/1.1 200 OK\r\nX-One: 1\r\n Content-Length: 5\r\n\r\n',
  'white space before a colon': 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n',
  'LF in a value': 'HTTP/1.1 200 OK\r\nX-One: 1\nSet-Cookie: evil\r\n\r\n',
  'CR in a value': 'HTTP/1.1 200 OK\r\nX-One: 1\rSet-Cookie: evil\r\n\r\n',
  'NUL in a value': 'HTTP/1.1 200 OK\r\nX-One: \0\r\n\r\n',
  'LF alone throughout': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
  'a control character in the reason': 'HTTP/1.1 200 \x01\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'another version': 'HTTP/2.0 200 OK\r\n\r\n',
  'a switch of protocols that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\n\r\n',
  'no HTTP': '220 mail.example ESMTP\r\n\r\n'
}

conformance({}, (wire, test) => {
  for (const [title, rest] of Object.entries(REFUSED)) {
    for (const method of ['POST', 'GET']) {
      test(`${title}: ${method} is refused, and what follows is not read`, () =>
        refused(wire, `${method} / HTTP/1.1\r\nHost: front\r\n${rest}${EVIL}`))
    }
  }

  for (const [title, head] of Object.entries(HEADS)) {
    test(`${title}: the request is refused, and what follows is not read`, () => refused(wire, head + EVIL))
  }

  for (const [title, chunk] of Object.entries(BAD_CHUNKS)) {
    test(`7. a chunk with ${title} is 400, and ends the request at the worker`, async () => {
      const { client, worker } = await wire.exchange(
        `POST / HTTP/1.1\r\nHost: front\r\n${CHUNKED}\r\n\r\n4\r\ngood\r\n`
      )
      assert.equal(await worker.take('good\r\n'), '4\r\ngood\r\n')
      client.send(chunk + LAST + EVIL)
      const whole = await client.takeAll()
      assert.match(whole, /^HTTP\/1\.1 400 /)
      assert.equal(whole.split('HTTP/1.1 ').length, 2, whole)
      const rest = await worker.takeAll()
      assert.ok(!rest.includes(LAST) && !rest.includes('evil'), rest)
      assert.equal(wire.connections.length, 1)
    })
  }

  test('8. a chunk extension of 1 MB is 413, and ends the request at the worker', async () => {
    const { client, worker } = await wire.exchange(`POST / HTTP/1.1\r\nHost: front\r\n${CHUNKED}\r\n\r\n4`)
    client.send(`;${'x'.repeat(1024 * 1024)}\r\ngood\r\n${LAST}${EVIL}`)
    const whole = await client.takeAll()
    assert.match(whole, /^HTTP\/1\.1 413 /)
    assert.equal(whole.split('HTTP/1.1 ').length, 2)
    assert.ok(!(await worker.takeAll()).includes(LAST))
  })

  for (const method of ['DELETE', 'OPTIONS', 'GET', 'HEAD']) {
    for (const [how, fields, body] of [
      ['in chunks', CHUNKED, `${EVIL.length.toString(16)}\r\n${EVIL}\r\n0\r\n\r\n`],
      ['of known length', `Content-Length: ${EVIL.length}`, EVIL]
    ] as const) {
      for (const nominated of ['Transfer-Encoding, upgrade', 'Transfer-Encoding, Content-Length, close']) {
        test(`9. a body ${how} that looks like a request stays the body of ${method}, with Connection: ${nominated}`, async () => {
          const { client, worker, head } = await wire.exchange(
            `${method} / HTTP/1.1\r\nHost: front\r\nConnection: ${nominated}\r\n${fields}\r\n\r\n${body}`
          )
          assert.equal(field(head, fields.split(':')[0] ?? ''), fields.split(': ')[1])
          assert.deepEqual(fieldAll(head, 'Connection'), [])
          assert.equal(await worker.takeBytes(body.length), body)
          worker.send('HTTP/1.1 204 No Content\r\n\r\n')
          assert.match(await client.takeHead(), /^HTTP\/1\.1 204 /)
          assert.equal(worker.text, '')
          assert.equal(wire.connections.length, 1)
        })
      }
    }
  }

  for (const [title, bad] of Object.entries(BAD_ANSWERS)) {
    test(`10. an answer with ${title} is 502, once, and ends the connection to the worker`, async () => {
      const { client, worker } = await wire.exchange(get())
      worker.send(bad + answer('evil'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
      await worker.takeAll()
      assert.equal(client.text, '')
      client.send(get('/next'))
      const next = await wire.accept()
      await next.takeHead()
      next.send(answer('ok'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })
  }

  test('22. an answer whose head has no end is 502', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send(`HTTP/1.1 200 OK\r\nX-One: ${'x'.repeat(100_000)}`)
    assert.match(await client.takeHead(), /^HTTP\/1\.1 502 /)
    await worker.takeAll()
  })

  for (const [title, behind] of [
    ['bytes behind an answer', answer('evil')],
    ['a second answer to HEAD, which is the body that it must not have', undefined]
  ] as const) {
    test(`11. ${title} are never the answer to another request`, async () => {
      const { client, worker } = await wire.exchange(
        behind === undefined ? get().replace('GET', 'HEAD') : get()
      )
      worker.send(behind === undefined ? answer(answer('evil')) : answer('good') + behind)
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      if (behind !== undefined) assert.equal(await client.takeBytes(4), 'good')
      await worker.takeAll()
      client.send(get())
      const next = await wire.accept()
      await next.takeHead()
      next.send(answer('also good'))
      await client.takeHead()
      assert.equal(await client.takeBytes(9), 'also good')
    })
  }

  test('11. bytes on an idle connection are delivered to nobody, and end it', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send(answer(''))
    await client.takeHead()
    worker.send(answer('evil', ['Connection: close'], '408 Request Timeout'))
    await worker.takeAll()
    client.send(get('/next'))
    const next = await wire.accept()
    await next.takeHead()
    next.send(answer('good'))
    await client.takeHead()
    assert.equal(await client.takeBytes(4), 'good')
  })

  for (const line of ['GET  / HTTP/1.1', 'GET /  HTTP/1.1']) {
    test(`the request line ${line} goes on with single spaces`, async () => {
      const { client, worker, head } = await wire.exchange(`${line}\r\nHost: front\r\n\r\n`)
      assert.match(head, /^GET \/ HTTP\/1\.1\r\n/)
      worker.send(answer(''))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })
  }

  test('12. HTTP/1.0 may have no Host, and any version an empty one', async () => {
    wire.answerAll((_head, worker) => worker.send(answer('')))
    assert.match(await wire.send('GET / HTTP/1.0\r\n\r\n').takeAll(), /^HTTP\/1\.1 200 /)
    assert.match(
      await wire.send('GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n').takeAll(),
      /^HTTP\/1\.1 200 /
    )
  })

  for (const host of [
    'front:80',
    '[::1]:80',
    '[::1]',
    '127.0.0.1',
    'a_b.example',
    'xn--frnt-5qa.example:',
    'a%20b'
  ]) {
    test(`12. the Host ${host} is one`, async () => {
      const { client, worker, head } = await wire.exchange(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      assert.deepEqual(fieldAll(head, 'Host'), [host])
      worker.send(answer(''))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })
  }
})
