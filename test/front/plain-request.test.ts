import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlainRequestReader } from '#lib/front/plain-request.js'

function read(text: string): ReturnType<PlainRequestReader['read']> {
  return new PlainRequestReader().read(Buffer.from(text, 'latin1'))
}

function get(fields: string, line = 'GET / HTTP/1.1'): string {
  return `${line}\r\n${fields}\r\n`
}

const HOST = 'Host: a.example\r\n'

test('A request as browsers and tools send it is plain, and all its fields go on', () => {
  const fields =
    'Host: a.example:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nCookie: a=1; b="2"\r\nsec-ch-ua: "x";v="1"\r\n'
  assert.deepEqual(read(get(fields, 'GET /a/b.c?d=%20&e=[1] HTTP/1.1')), undefined)
  assert.deepEqual(read(get(fields, "GET /a/~b.c?d=%20&e='1' HTTP/1.1")), {
    method: 'GET',
    version: '1.1',
    line: "GET /a/~b.c?d=%20&e='1' HTTP/1.1\r\n",
    fields,
    host: 'a.example:8080',
    id: undefined,
    userAgent: 'curl/8.5.0',
    referer: undefined,
    last: false,
    length: 0,
    rest: undefined
  })
})

test('HEAD is plain, too', () => {
  assert.equal(read(get(HOST, 'HEAD / HTTP/1.1'))?.method, 'HEAD')
})

test('The client’s wish to keep its connection is not for the upstream', () => {
  for (const line of ['Connection: keep-alive', 'connection: Keep-Alive'])
    assert.equal(read(get(`Accept: */*\r\n${line}\r\n${HOST}`))?.fields, `Accept: */*\r\n${HOST}`)
})

test('The client’s wish to end its connection is kept apart', () => {
  const read1 = read(get(`Connection: close\r\n${HOST}`))
  assert.deepEqual([read1?.fields, read1?.last], [HOST, true])
})

test('A request of HTTP/1.0 is its connection’s last, and goes on by HTTP/1.1', () => {
  for (const fields of [HOST, `${HOST}Connection: close\r\n`]) {
    const plain = read(get(fields, 'GET /a HTTP/1.0'))
    assert.deepEqual(
      [plain?.version, plain?.last, plain?.line, plain?.fields],
      ['1.0', true, 'GET /a HTTP/1.1\r\n', HOST]
    )
  }
})

for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
  test(`${method} with a body is plain, and what came of the body stands apart`, () => {
    const fields = `${HOST}Content-Length: 5\r\n`
    const plain = read(get(fields, `${method} /a HTTP/1.1`) + 'bod')
    assert.deepEqual(
      [plain?.method, plain?.fields, plain?.length, plain?.rest?.toString()],
      [method, fields, 5, 'bod']
    )
  })

  test(`${method} without a body is plain`, () => {
    for (const fields of [HOST, `${HOST}Content-Length: 0\r\n`]) {
      const plain = read(get(fields, `${method} /a HTTP/1.1`))
      assert.deepEqual([plain?.fields, plain?.length, plain?.rest], [fields, 0, undefined])
    }
  })
}

const CARE: Readonly<Record<string, string>> = {
  'another method': get(HOST, 'TRACE / HTTP/1.1'),
  'a method that nobody knows': get(HOST, 'PROPFIND / HTTP/1.1'),
  'a method that begins like GET': get(HOST, 'GETS / HTTP/1.1'),
  'a method in lower case': get(HOST, 'get / HTTP/1.1'),
  'HTTP/1.0 that keeps its connection': get(`${HOST}Connection: keep-alive\r\n`, 'GET / HTTP/1.0'),
  'another version': get(HOST, 'GET / HTTP/1.2'),
  'two fields Connection': get(`${HOST}Connection: close\r\nConnection: close\r\n`),
  'an absolute target': get(HOST, 'GET http://b.example/ HTTP/1.1'),
  'a target without a slash': get(HOST, 'GET * HTTP/1.1'),
  'an odd byte in the target': get(HOST, 'GET /\xe4 HTTP/1.1'),
  'a fragment': get(HOST, 'GET /#a HTTP/1.1'),
  'two spaces in the request line': get(HOST, 'GET  / HTTP/1.1'),
  'no Host': get('Accept: */*\r\n'),
  'two Hosts': get(HOST + HOST),
  'an empty Host': get('Host: \r\n'),
  'an odd Host': get('Host: a.example/b\r\n'),
  'a Host with two colons': get('Host: a:b:c\r\n'),
  'a body of a GET': get(`${HOST}Content-Length: 1\r\n`) + 'x',
  'a Content-Length of a GET': get(`${HOST}Content-Length: 0\r\n`),
  'two lengths': get(`${HOST}Content-Length: 1\r\nContent-Length: 1\r\n`, 'POST / HTTP/1.1') + 'x',
  'a length with a sign': get(`${HOST}Content-Length: +1\r\n`, 'POST / HTTP/1.1') + 'x',
  'a length with a zero in front': get(`${HOST}Content-Length: 01\r\n`, 'POST / HTTP/1.1') + 'x',
  'a length that is no safe number': get(`${HOST}Content-Length: 10000000000000000\r\n`, 'POST / HTTP/1.1'),
  'half the head of a POST': 'POST / HTTP/1.1\r\nHost: a\r\n',
  'Transfer-Encoding': get(`${HOST}transfer-encoding: chunked\r\n`) + '0\r\n\r\n',
  'two wishes in one': get(`${HOST}Connection: keep-alive, close\r\n`),
  'a nominated field': get(`${HOST}Connection: keep-alive, X-A\r\nX-A: 1\r\n`),
  'Keep-Alive': get(`${HOST}Keep-Alive: timeout=5\r\n`),
  Upgrade: get(`${HOST}Upgrade: websocket\r\n`),
  Expect: get(`${HOST}Expect: 100-continue\r\n`),
  TE: get(`${HOST}TE: trailers\r\n`),
  Trailer: get(`${HOST}Trailer: X-A\r\n`),
  Via: get(`${HOST}Via: 1.1 a\r\n`),
  'X-Forwarded-For': get(`${HOST}X-Forwarded-For: 192.0.2.1\r\n`),
  'X-Forwarded-Anything': get(`${HOST}x-forwarded-port: 1\r\n`),
  'Proxy-Connection': get(`${HOST}Proxy-Connection: keep-alive\r\n`),
  'no space behind the colon': get('Host:a.example\r\n'),
  'two spaces behind the colon': get('Host:  a.example\r\n'),
  'a tab behind the colon': get('Host:\ta.example\r\n'),
  'a space in front of the colon': get('Host : a.example\r\n'),
  'a space behind the value': get('Host: a.example \r\n'),
  'an empty value': get(`${HOST}X-A: \r\n`),
  'a folded line': get(`${HOST}X-A: 1\r\n 2\r\n`),
  'a bare LF': get(`${HOST}X-A: 1\nX-B: 2\r\n`),
  'a bare CR': get(`${HOST}X-A: 1\rX-B: 2\r\n`),
  'a NUL': get(`${HOST}X-A: \0\r\n`),
  'a high byte': get(`${HOST}X-A: \xe4\r\n`),
  'an odd field name': get(`${HOST}X(A): 1\r\n`),
  'no colon': get(`${HOST}X-A\r\n`),
  'a line end in front': `\r\n${get(HOST)}`,
  'only line feeds': get(HOST).replaceAll('\r\n', '\n'),
  'another request behind it': get(HOST) + get(HOST),
  'one byte behind it': get(HOST) + 'G',
  'no empty line yet': `GET / HTTP/1.1\r\n${HOST}`,
  'no line end yet': 'GET / HTTP/1.1',
  'half a line end': get(HOST).slice(0, -1),
  'a long head': get(`${HOST}X-A: ${'a'.repeat(4096)}\r\n`),
  'a TLS handshake': '\x16\x03\x01\x02',
  nothing: ''
}

for (const [what, text] of Object.entries(CARE)) {
  test(`Not plain: ${what}`, () => {
    assert.equal(read(text), undefined)
    // Nor behind a plain request with the same beginning.
    const reader = new PlainRequestReader()
    assert.notEqual(reader.read(Buffer.from(get(HOST))), undefined)
    assert.equal(reader.read(Buffer.from(text, 'latin1')), undefined)
  })
}

test('Each request of a connection is read anew', () => {
  const reader = new PlainRequestReader()
  const of = (text: string): string | undefined => reader.read(Buffer.from(text))?.host
  assert.equal(of(get('Host: a\r\n')), 'a')
  assert.equal(of(get('Host: b\r\n')), 'b')
  assert.equal(of(get('Host: b\r\n', 'GET /2 HTTP/1.1')), 'b')
  assert.equal(of(get('Host: c\r\nUpgrade: x\r\n')), undefined)
  assert.equal(of(get('Host: b\r\n')), 'b')
})
