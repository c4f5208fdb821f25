import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { buildRequestHead, type RequestHead } from '#lib/proxy/request-head.js'
import { field, fieldAll } from '../helpers/front.js'

interface Given {
  readonly method?: string
  readonly url?: string
  readonly fields?: readonly string[]
  readonly minor?: number
  readonly peer?: string
  readonly trust?: boolean
  readonly upgrade?: boolean
  readonly clientField?: string
}

/** The head for the upstream of a request as node:http would have parsed it. */
function build({
  method = 'GET',
  url = '/',
  fields = ['Host: front'],
  minor = 1,
  ...more
}: Given): RequestHead {
  const socket = new Socket()
  const addresses = { remoteAddress: more.peer ?? '192.0.2.1', remotePort: 50_000 }
  for (const [name, value] of Object.entries(addresses)) Object.defineProperty(socket, name, { value })
  const req = new IncomingMessage(socket)
  Object.assign(req, { method, url, httpVersionMajor: 1, httpVersionMinor: minor })
  for (const line of fields) {
    const [name = '', value = ''] = line.split(': ')
    req.rawHeaders.push(name, value)
    const known = req.headers[name.toLowerCase()]
    req.headers[name.toLowerCase()] = known === undefined ? value : `${String(known)}, ${value}`
  }
  return buildRequestHead(req, {
    trust: () => more.trust === true,
    clientField: more.clientField,
    via: undefined,
    upgrade: more.upgrade === true
  })
}

const HOST = 'Host: front'

test('fields keep their order, spelling and repetition', () => {
  const fields = [HOST, 'X-b: 2', 'x-A: 1', 'X-B: 3', 'Cookie: a=\xe9', 'cookie: b']
  assert.ok(build({ fields }).text.startsWith(`GET / HTTP/1.1\r\n${fields.join('\r\n')}\r\nX-Forwarded-For:`))
})

for (const line of ['Keep-Alive: 5', 'Proxy-Connection: close', 'TE: gzip', 'Trailer: A', 'Upgrade: h2c']) {
  test(`the field ${line} ends here`, () => {
    assert.equal(field(build({ fields: [HOST, line] }).text, line.split(':')[0] ?? ''), undefined)
  })
}

test('fields that Connection nominates end here, in any spelling', () => {
  const { text } = build({
    fields: [HOST, 'connection: X-One ,, x-TWO', 'x-one: 1', 'X-Two: 2', 'X-Three: 3']
  })
  for (const name of ['Connection', 'X-One', 'X-Two']) assert.equal(field(text, name), undefined)
  assert.equal(field(text, 'X-Three'), '3')
})

test('what delimits the body, says where it goes and whom it comes from cannot be nominated', () => {
  const names =
    'Content-Length, Transfer-Encoding, Host, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host'
  const { text, body } = build({ fields: [HOST, `Connection: ${names}`, 'Content-Length: 5'] })
  assert.equal(body, 'length')
  assert.equal(field(text, 'Content-Length'), '5')
  assert.equal(field(text, 'Host'), 'front')
  assert.equal(field(text, 'X-Forwarded-For'), '192.0.2.1')
  assert.equal(field(text, 'X-Forwarded-Proto'), 'http')
  assert.equal(field(text, 'X-Forwarded-Host'), 'front')
  const chunked = build({ fields: [HOST, `Connection: ${names}`, 'Transfer-Encoding: chunked'] })
  assert.equal(chunked.body, 'chunked')
  assert.equal(field(chunked.text, 'Transfer-Encoding'), 'chunked')
})

for (const [url, path, host] of [
  ['/', '/', 'front'],
  ['*', '*', 'front'],
  ['//x/%2e%2e?a;b=%zz', '//x/%2e%2e?a;b=%zz', 'front'],
  ['http://other:80/path?query', '/path?query', 'other:80'],
  ['HTTP://Other', '/', 'Other'],
  ['https://other?query', '/?query', 'other'],
  ['/http://other/', '/http://other/', 'front']
] as const) {
  test(`the target ${url} is sent as ${path} to the host ${host}`, () => {
    const { text } = build({ url })
    assert.ok(text.startsWith(`GET ${path} HTTP/1.1\r\n`), text)
    assert.deepEqual(fieldAll(text, 'Host'), [host])
    assert.equal(field(text, 'X-Forwarded-Host'), host)
  })
}

test('a request of HTTP/1.0 without Host gets an empty one', () => {
  assert.deepEqual(fieldAll(build({ minor: 0, fields: [] }).text, 'Host'), [''])
})

for (const [title, fields, body] of [
  ['no body', [], 'none'],
  ['a length', ['Content-Length: 5'], 'length'],
  ['a length of 0', ['Content-Length: 0'], 'none'],
  ['a length of several zeros', ['Content-Length: 000'], 'none'],
  ['chunks', ['transfer-encoding: CHUNKED'], 'chunked']
] as const) {
  test(`a request with ${title} has the body '${body}'`, () => {
    const head = build({ method: 'POST', fields: [HOST, ...fields] })
    assert.equal(head.body, body)
    assert.equal(fieldAll(head.text, 'Transfer-Encoding').length, body === 'chunked' ? 1 : 0)
  })
}

for (const [title, fields, minor] of [
  ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 5'], 1],
  ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], 1],
  ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 1],
  ['chunks twice in one field', ['Transfer-Encoding: chunked, chunked'], 1],
  ['chunks and identity', ['Transfer-Encoding: chunked, identity'], 1],
  ['another coding', ['Transfer-Encoding: gzip, chunked'], 1],
  ['an empty coding', ['Transfer-Encoding: '], 1],
  ['HTTP/1.0 and chunks', ['Transfer-Encoding: chunked'], 0]
] as const) {
  test(`a request with ${title} is refused`, () => {
    assert.throws(() => build({ method: 'POST', fields: [HOST, ...fields], minor }), {
      code: 'UP_ERR_BAD_REQUEST'
    })
  })
}

test('an upgrade keeps its Upgrade, and says so in Connection alone', () => {
  const { text } = build({
    fields: [HOST, 'Connection: keep-alive, Upgrade, X-One', 'Upgrade: foo', 'X-One: 1'],
    upgrade: true
  })
  assert.deepEqual(fieldAll(text, 'Upgrade'), ['foo'])
  assert.deepEqual(fieldAll(text, 'Connection'), ['Upgrade'])
  assert.equal(field(text, 'X-One'), undefined)
})

test('a worker learns its client by the secret field, which comes last', () => {
  const { text } = build({ clientField: 'x-secret' })
  assert.ok(text.endsWith('\r\nx-secret: 192.0.2.1 50000 p\r\n\r\n'), text)
})
