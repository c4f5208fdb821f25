import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import { test } from 'node:test'
import { answer, field, fieldAll, front } from '../helpers/front.js'
import { answerOf, ask, http2Hop, send, session } from '../helpers/http2.js'
import { Pour, rawUpstream } from '../helpers/raw.js'
import { GET, RawHttp2 } from '../helpers/raw-http2.js'
import { until } from '../helpers/wait.js'

const RST = { none: 0, internal: 2, cancel: 8 } as const

test('A request and its answer pass, over TLS with the client that the upstream is told of', async t => {
  const { client, upstream, origin } = await http2Hop(t, true)
  for (let i = 0; i < 3; i++) {
    const stream = send(
      client,
      { ':method': 'PUT', ':path': `/${i}`, 'x-one': '1', 'content-length': 6 },
      true
    )
    stream.end('a body')
    const answered = answerOf(stream)
    const worker = i === 0 ? await upstream.accept() : upstream.connections[0]
    assert.ok(worker !== undefined)
    const head = await worker.takeHead()
    assert.ok(head.startsWith(`PUT /${i} HTTP/1.1\r\nHost: `), head)
    assert.equal(field(head, 'Host'), new URL(origin).host.replace('127.0.0.1', 'localhost'))
    assert.equal(field(head, 'x-one'), '1')
    assert.equal(field(head, 'Content-Length'), '6')
    assert.equal(field(head, 'Transfer-Encoding'), undefined)
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Proto'), ['https'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['127.0.0.1'])
    assert.equal(await worker.takeBytes(6), 'a body')
    worker.send(answer('an answer', ['X-Two: 2', 'Set-Cookie: a=1', 'Set-Cookie: b=2'], '299 Odd'))
    const { status, headers, body, code } = await answered
    assert.deepEqual([status, headers['x-two'], body, code], [299, '2', 'an answer', 0])
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
    assert.equal(headers['content-length'], '9')
  }
  assert.equal(upstream.connections.length, 1)
})

test('Chunks become DATA and the other way round, and neither end waits for the other', async t => {
  const { client, upstream } = await http2Hop(t)
  const stream = send(client, { ':method': 'POST' }, true)
  const answered = answerOf(stream)
  stream.write('one')
  const worker = await upstream.accept()
  assert.equal(field(await worker.takeHead(), 'Transfer-Encoding'), 'chunked')
  assert.equal(await worker.take('one\r\n'), '3\r\none\r\n')
  worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  await once(stream, 'response')
  worker.send('3\r\nuno\r\n')
  await once(stream, 'data')
  stream.end('two')
  assert.equal(await worker.take('0\r\n\r\n'), '3\r\ntwo\r\n0\r\n\r\n')
  worker.send('0\r\n\r\n')
  const { body, headers, code } = await answered
  assert.deepEqual([body, headers['transfer-encoding'], code], ['uno', undefined, 0])
})

test("What belongs to the upstream's connection stays there", async t => {
  const { client, upstream } = await http2Hop(t)
  const answered = ask(client)
  const worker = await upstream.accept()
  await worker.takeHead()
  const fields = ['Connection: keep-alive, X-Hop', 'Keep-Alive: timeout=5', 'X-Hop: 1', 'Proxy-Connection: a']
  worker.send(answer('', [...fields, 'Upgrade: h2c', 'TE: trailers', 'X-End: 1']))
  const { headers } = await answered
  assert.deepEqual(Object.keys(headers).sort(), [':status', 'content-length', 'date', 'via', 'x-end'])
  assert.equal(headers['via'], '1.1 up')
})

for (const [title, method, text, length] of [
  ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', '5'],
  ['HEAD with chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
  ['205', 'GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', '0'],
  ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '5'],
  ['an empty body', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '0'],
  [
    'an empty body in chunks',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    undefined
  ]
] as const) {
  test(`An answer without a body ends: ${title}`, async t => {
    const { client, upstream } = await http2Hop(t)
    for (let i = 0; i < 2; i++) {
      const answered = ask(client, { ':method': method })
      const worker = i === 0 ? await upstream.accept() : upstream.connections[0]
      await worker?.takeHead()
      worker?.send(text)
      const { status, body, headers, code } = await answered
      assert.deepEqual([status, body, code], [Number(text.slice(9, 12)), '', 0])
      assert.equal(headers['content-length'], length)
    }
  })
}

test('An answer that ends with its connection is whole', async t => {
  const { client, upstream } = await http2Hop(t)
  const answered = ask(client)
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send('HTTP/1.1 200 OK\r\n\r\npart').end()
  assert.deepEqual(pick(await answered), { status: 200, body: 'part', code: 0 })
})

for (const [framing, text] of [
  ['its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ['the close', 'HTTP/1.1 200 OK\r\n\r\npart']
] as const) {
  test(`An answer delimited by ${framing} that is broken off resets its stream, and no other`, async t => {
    const { client, upstream } = await http2Hop(t)
    const stream = send(client)
    const answered = answerOf(stream)
    const worker = await upstream.accept()
    await worker.takeHead()
    worker.send(text)
    await once(stream, 'data')
    worker.reset()
    assert.deepEqual(pick(await answered), { status: 200, body: 'part', code: RST.internal })

    const next = ask(client)
    const other = await upstream.accept()
    await other.takeHead()
    other.send(answer('next'))
    assert.deepEqual(pick(await next), { status: 200, body: 'next', code: 0 })
  })
}

test('A stream that the client resets ends its exchange', async t => {
  const { client, upstream } = await http2Hop(t)
  for (const text of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart']) {
    const stream = send(client)
    const ended = answerOf(stream)
    const worker = await upstream.accept()
    await worker.takeHead()
    if (text !== '') {
      worker.send(text)
      await once(stream, 'data')
    }
    stream.close(RST.cancel)
    await ended
    assert.equal(await worker.takeAll(), '')
  }
})

for (const length of [undefined, '100']) {
  for (const code of [RST.none, RST.cancel, 'lost'] as const) {
    const kind = length === undefined ? 'chunks' : 'a length'
    const how = code === 'lost' ? 'whose connection is lost' : `that is reset with the code ${code}`
    test(`An upload in ${kind} ${how} is not taken for whole`, async t => {
      const { upstream, front: there } = await http2Hop(t)
      const client = new RawHttp2(t, there.address)
      const fields = length === undefined ? [] : [['content-length', length] as const]
      client.headers(1, [[':method', 'POST'], ...GET.slice(1), ...fields], 0)
      client.frame('DATA', 0, 1, 'part')
      const worker = await upstream.accept()
      await worker.takeHead()
      await worker.take('part')
      if (code === 'lost') client.peer.reset()
      else client.reset(1, code)
      assert.equal((await worker.takeAll()).trim(), '')
    })
  }
}

test('Early hints pass, and what asks to continue is answered by the upstream', async t => {
  const { client, upstream } = await http2Hop(t)
  const stream = send(client, { ':method': 'POST', expect: '100-continue', 'content-length': 4 }, true)
  const answered = answerOf(stream)
  let hints: unknown
  stream.on('headers', headers => (hints ??= headers['link']))
  const worker = await upstream.accept()
  assert.equal(field(await worker.takeHead(), 'expect'), '100-continue')
  assert.equal(worker.text, '')
  const continued = once(stream, 'continue')
  worker.send(
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX: 1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'
  )
  await continued
  stream.end('body')
  await worker.take('body')
  worker.send(answer('done'))
  assert.deepEqual(pick(await answered), { status: 200, body: 'done', code: 0 })
  assert.equal(hints, '</a>; rel=preload')
})

test('Who expects to continue and gets the answer at once need not send the body', async t => {
  const { client, upstream } = await http2Hop(t)
  const stream = send(client, { ':method': 'POST', expect: '100-continue' }, true)
  const answered = answerOf(stream)
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.send(answer('too large', ['Connection: close'], '413 Too Large'))
  await once(stream, 'response')
  stream.end()
  assert.equal((await answered).status, 413)
})

test('An answer that HTTP/2 cannot carry becomes 502, or what HTTP/1.1 clients would take', async t => {
  const { client, upstream } = await http2Hop(t)
  const given = async (text: string, path: string): Promise<Awaited<ReturnType<typeof ask>>> => {
    const answered = ask(client, { ':path': path })
    const worker = upstream.connections.find(({ ended }) => !ended) ?? (await upstream.accept())
    await worker.takeHead()
    worker.send(text)
    return answered
  }
  const twice = await given(
    answer('x', ['ETag: "a"', 'ETag: "b"', 'Set-Cookie: a=1', 'X: 1', 'Set-Cookie: b=2', 'x: 2']),
    '/twice'
  )
  assert.deepEqual([twice.status, twice.headers.etag, twice.body], [200, '"a"', 'x'])
  assert.deepEqual(twice.headers['set-cookie'], ['a=1', 'b=2'])
  const list = await given(answer('x', ['Content-Encoding: br', 'Content-Encoding: gzip']), '/list')
  assert.deepEqual([list.status, list.headers['content-encoding']], [200, 'br, gzip'])
  const bytes = await given(answer('x', ['X-Bytes: \xe4\xff']), '/bytes')
  assert.equal(bytes.headers['x-bytes'], '\xe4\xff')
  const odd = await given(answer('x', [], '799 Odd'), '/odd')
  assert.ok(odd.status === 799 || odd.status === 502, `${odd.status}`)
  const switched = await given('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', '/101')
  assert.equal(switched.status, 502)
})

test('A client that does not read stops its upstream, and no other stream', async t => {
  const { client, upstream } = await http2Hop(t)
  const stream = send(client).pause()
  const worker = await upstream.accept()
  await worker.takeHead()
  const piece = Buffer.alloc(65_536, 'x')
  worker.send(`HTTP/1.1 200 OK\r\nContent-Length: ${piece.length * 512}\r\n\r\n`)
  const pour = new Pour(worker, piece, 512)
  await pour.stalled()
  assert.ok(pour.taken < piece.length * 512, `${pour.taken} bytes were taken`)

  const other = ask(client, { ':path': '/other' })
  const second = await upstream.accept()
  await second.takeHead()
  second.send(answer('other'))
  assert.deepEqual(pick(await other), { status: 200, body: 'other', code: 0 })

  const answered = answerOf(stream.resume())
  await pour.done
  const { body, code } = await answered
  assert.deepEqual([body.length, code], [piece.length * 512, 0])
})

test('An upstream that does not read stops its client, and no other stream', async t => {
  const { client, upstream } = await http2Hop(t)
  const stream = send(client, { ':method': 'POST' }, true)
  const answered = answerOf(stream)
  let taken = 0
  const piece = Buffer.alloc(65_536, 'x')
  const write = (): void => {
    if (taken === piece.length * 512) stream.end()
    else
      stream.write(piece, error => {
        if (error != null) return
        taken += piece.length
        write()
      })
  }
  write()
  const worker = await upstream.accept()
  await worker.takeHead()
  worker.socket.pause()
  for (let before = -1; before !== taken;) {
    before = taken
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.ok(taken < piece.length * 512, `${taken} bytes were taken`)

  const other = ask(client, { ':path': '/other' })
  const second = await upstream.accept()
  await second.takeHead()
  second.send(answer('other'))
  assert.deepEqual(pick(await other), { status: 200, body: 'other', code: 0 })

  worker.socket.resume()
  await until(() => worker.text.endsWith('\r\n0\r\n\r\n'))
  worker.send(answer('all'))
  assert.deepEqual(pick(await answered), { status: 200, body: 'all', code: 0 })
  assert.equal(taken, piece.length * 512)
})

test('Middleware finds what it finds in HTTP/1.1, and its changes reach both sides', async t => {
  const upstream = await rawUpstream(t)
  let found: unknown[] = []
  const one = await front(t, { server: createServer() })
  one.srv.use((req, res, next) => {
    found = [req.headers.host, req.headers['transfer-encoding'], req.url, req.method]
    req.url = '/changed'
    req.headers['x-user'] = 'me'
    res.setHeader('X-Ours', '1')
    res.setHeader('Set-Cookie', 'ours=1')
    next(upstream.address)
  })
  const origin = `http://127.0.0.1:${one.address.port ?? 0}`
  const stream = send(session(t, origin), { ':method': 'POST', ':path': '/path' }, true)
  stream.end('body')
  const answered = answerOf(stream)
  const worker = await upstream.accept()
  const head = await worker.takeHead()
  assert.ok(head.startsWith('POST /changed HTTP/1.1\r\nHost: localhost:'), head)
  assert.equal(field(head, 'x-user'), 'me')
  assert.ok(!/^:/m.test(head), head)
  await worker.take('0\r\n\r\n')
  worker.send(answer('x', ['Set-Cookie: theirs=1', 'X-Ours: 2']))
  const { headers } = await answered
  assert.deepEqual(found, [`localhost:${one.address.port ?? 0}`, 'chunked', '/path', 'POST'])
  assert.equal(headers['x-ours'], '2')
  assert.deepEqual(headers['set-cookie'], ['ours=1', 'theirs=1'])
})

test('The default handlers answer, and what fails in the middle resets the stream', async t => {
  const there = await front(t, { server: createServer() })
  const client = session(t, `http://127.0.0.1:${there.address.port ?? 0}`)
  there.srv.use((req, res, next) => {
    if (req.url === '/fail') return next(new Error('no'))
    if (req.url === '/reach') return next({ socketPath: '/nowhere/at/all' })
    if (req.url !== '/late') return next()
    res.write('part', () => next(new Error('late')))
  })
  assert.equal((await ask(client, { ':path': '/none' })).status, 501)
  assert.equal((await ask(client, { ':path': '/fail' })).status, 500)
  assert.equal((await ask(client, { ':path': '/reach' })).status, 502)
  assert.deepEqual(pick(await ask(client, { ':path': '/late' })), {
    status: 200,
    body: 'part',
    code: RST.internal
  })
})

function pick({ status, body, code }: { status: number; body: string; code: number }): object {
  return { status, body, code }
}
