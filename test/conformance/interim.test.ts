// Interim answers, answers without a body, and trailers.
import assert from 'node:assert/strict'
import { answer, field, fieldAll, get, request } from '../helpers/front.js'
import { conformance } from './helpers/wire.js'

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
const EXPECT = 'POST / HTTP/1.1\r\nHost: front\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'
const HINTS = (link: string): string => `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n\r\n`
const UPGRADE = get('/', ['Connection: Upgrade', 'Upgrade: foo'])
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'

/** The status lines in what a client received, without bodies. */
function statuses(text: string): string[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(match => match[1] ?? '')
}

conformance({}, (wire, test) => {
  test('24. a worker that refuses is heard, without a 100', async () => {
    const { client, worker, head } = await wire.exchange(EXPECT)
    assert.equal(field(head, 'Expect'), '100-continue')
    worker.send(answer('who?', [], '401 Unauthorized'))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 401 /)
    assert.equal(await client.takeBytes(4), 'who?')
    // The body may still come, and is not taken for a request: whether it comes cannot be known.
    client.send(get('/evil'))
    assert.equal(await client.takeAll(), '')
    assert.equal(wire.connections.length, 1)
  })

  test('24. a worker that refuses and closes is heard, without a 100', async () => {
    const { client, worker } = await wire.exchange(EXPECT)
    worker.end(answer('who?', ['Connection: close'], '401 Unauthorized'))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 401 /)
    assert.equal(await client.takeBytes(4), 'who?')
  })

  for (const [title, hundred] of [
    ['one 100', CONTINUE],
    ['two 100s', CONTINUE + CONTINUE],
    ['a 100 with fields', 'HTTP/1.1 100 Go on\r\nX-One: 1\r\n\r\n']
  ] as const) {
    test(`25. a worker that sends ${title} makes one 100, and the body flows`, async () => {
      const { client, worker } = await wire.exchange(EXPECT)
      worker.send(hundred)
      assert.equal(await client.takeHead(), CONTINUE)
      client.send('body')
      assert.equal(await worker.takeBytes(4), 'body')
      worker.send(answer('taken'))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      assert.equal(await client.takeBytes(5), 'taken')
    })
  }

  test('25. a chunked body waits for the 100 as well', async () => {
    const { client, worker } = await wire.exchange(
      'POST / HTTP/1.1\r\nHost: front\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n'
    )
    worker.send(CONTINUE)
    assert.equal(await client.takeHead(), CONTINUE)
    client.send('4\r\nbody\r\n0\r\n\r\n')
    assert.equal(await worker.take('0\r\n\r\n'), '4\r\nbody\r\n0\r\n\r\n')
    worker.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  test('25. a client that does not wait for the 100 is served', async () => {
    const { client, worker } = await wire.exchange(EXPECT + 'body')
    assert.equal(await worker.takeBytes(4), 'body')
    worker.send(answer('taken'))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  test('25. a 100 that nobody expects stays here', async () => {
    for (const text of [get(), request('POST', '/', [], 'body'), get('/', ['Expect: 100-continue'])]) {
      const { client, worker } = await wire.exchange(text)
      worker.send(CONTINUE + answer(''))
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
      await wire.clear()
    }
  })

  test('an expectation that is not known is 417, and the worker hears nothing', async () => {
    const client = wire.send(get('/', ['Expect: a-miracle']))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 417 /)
    assert.equal(wire.connections.length, 0)
  })

  test('26. interim answers come before the final one, in order, with their fields', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send(HINTS('</a>; rel=preload'))
    const first = await client.takeHead()
    assert.match(first, /^HTTP\/1\.1 103 Early Hints\r\n/)
    assert.deepEqual(fieldAll(first, 'Link'), ['</a>; rel=preload'])
    worker.send(
      'HTTP/1.1 102 Processing\r\n\r\n' +
        'HTTP/1.1 103 \xe9arly\r\nLink: </b>\r\nlink: </c>\r\nX-High: \xff\r\nConnection: X-One\r\nX-One: 1\r\n\r\n' +
        'HTTP/1.1 199 Odd\r\n\r\n' +
        answer('ok')
    )
    assert.match(await client.takeHead(), /^HTTP\/1\.1 102 Processing\r\n/)
    const second = await client.takeHead()
    assert.match(second, /^HTTP\/1\.1 103 \xe9arly\r\nLink: <\/b>\r\nlink: <\/c>\r\nX-High: \xff\r\n/)
    assert.equal(field(second, 'X-One'), undefined)
    assert.match(await client.takeHead(), /^HTTP\/1\.1 199 Odd\r\n/)
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    assert.equal(await client.takeBytes(2), 'ok')
  })

  for (const link of [
    'nonsense',
    '',
    '</a',
    '<\xe4>; title="\xff"',
    '</a>; rel=preload; as=x, </b>',
    "</a>; title*=UTF-8''%e4"
  ]) {
    test(`26. hints with the Link ${JSON.stringify(link)} pass as they are`, async () => {
      const { client, worker } = await wire.exchange(get())
      worker.send(HINTS(link) + answer(''))
      assert.deepEqual(fieldAll(await client.takeHead(), 'Link'), [link])
      assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    })
  }

  test('26. interim answers to a pipelined request wait for the answer before', async () => {
    const { client, worker: first } = await wire.exchange(get('/1') + EXPECT.replace('POST /', 'POST /2'))
    const second = await wire.accept()
    second.send(HINTS('</2>') + CONTINUE + answer('two'))
    // The master has read all that when it has read, later, of the first.
    first.send(HINTS('</1>') + answer('one'))
    assert.equal(field(await client.takeHead(), 'Link'), '</1>')
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    assert.equal(await client.takeBytes(3), 'one')
    assert.equal(field(await client.takeHead(), 'Link'), '</2>')
    let head = await client.takeHead()
    if (head === CONTINUE) head = await client.takeHead()
    assert.match(head, /^HTTP\/1\.1 200 /)
    assert.equal(await client.takeBytes(3), 'two')
  })

  test('26. a client of HTTP/1.0 gets no interim answer', async () => {
    const { client, worker } = await wire.exchange('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n')
    worker.send(CONTINUE + HINTS('</a>') + 'HTTP/1.1 102 Processing\r\n\r\n' + answer('ok'))
    assert.match(await client.takeAll(), /^HTTP\/1\.1 200 [^]*\r\n\r\nok$/)
  })

  test('interim answers without end are 502', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send(HINTS('</a>').repeat(200))
    const whole: string[] = []
    for (let head = ''; !head.startsWith('HTTP/1.1 502 ');) whole.push((head = await client.takeHead()))
    assert.ok(whole.length <= 101)
    await worker.takeAll()
  })

  test('26. interim answers come before a 101', async () => {
    const { client, worker } = await wire.exchange(UPGRADE)
    worker.send(CONTINUE + HINTS('</a>') + SWITCH + 'hello')
    assert.equal(field(await client.takeHead(), 'Link'), '</a>')
    assert.match(await client.takeHead(), /^HTTP\/1\.1 101 /)
    assert.equal(await client.takeBytes(5), 'hello')
    client.reset()
  })

  for (const [title, method, text] of [
    ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['HEAD with chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['HEAD with neither', 'HEAD', 'HTTP/1.1 200 OK\r\nETag: "a"\r\n\r\n'],
    ['HEAD, 404 with a length', 'HEAD', 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n'],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
    ['204 with chunks', 'GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['205', 'GET', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
    ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
    ['304 with chunks', 'GET', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['an empty body', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['no chunk but the last', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n']
  ] as const) {
    test(`${method === 'HEAD' ? '27' : '28'}. the answer ${title} has no body, and both connections go on`, async () => {
      const client = wire.connect()
      const status = text.slice(9, 12)
      for (let i = 0; i < 3; i++) {
        client.send(request(method, '/'))
        const worker = i === 0 ? await wire.accept() : wire.connections[0]
        await worker?.takeHead()
        worker?.send(text)
        const head = await client.takeHead()
        assert.equal(head.slice(9, 12), status)
        assert.equal(
          field(head, 'Content-Length'),
          status === '204' ? undefined : field(text, 'Content-Length')
        )
        assert.equal(field(head, 'ETag'), field(text, 'ETag'))
        if (text.includes('0\r\n\r\n', text.indexOf('\r\n\r\n') + 4))
          assert.equal(await client.take('0\r\n\r\n'), '0\r\n\r\n')
      }
      assert.equal(client.text, '')
      assert.equal(wire.connections.length, 1)
    })
  }

  test('29. trailers of a request are kept or dropped, and never merged', async () => {
    const { client, worker, head } = await wire.exchange(
      'POST / HTTP/1.1\r\nHost: front\r\nTrailer: X-Late, Host\r\nTransfer-Encoding: chunked\r\n\r\n'
    )
    client.send(
      '3;x=y\r\none\r\n0\r\nX-Late: 1\r\nHost: evil\r\nX-Forwarded-For: evil\r\n\r\n' + get('/next')
    )
    const body = await worker.take(/\r\n0\r\n(.+\r\n)*\r\n/)
    assert.ok(['3\r\none\r\n0\r\n\r\n', '3\r\none\r\n0\r\nX-Late: 1\r\n\r\n'].includes(body), body)
    assert.deepEqual(fieldAll(head, 'Host'), ['front'])
    assert.equal(field(head, 'X-Late'), undefined)
    worker.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    const next = await wire.accept()
    assert.match(await next.takeHead(), /^GET \/next /)
    next.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  test('29. trailers of an answer are kept or dropped, and never merged', async () => {
    const { client, worker } = await wire.exchange(get('/', ['TE: trailers']))
    worker.send(
      'HTTP/1.1 200 OK\r\nTrailer: X-Late\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\none\r\n0\r\n'
    )
    const head = await client.takeHead()
    assert.equal(field(head, 'X-Late'), undefined)
    worker.send('X-Late: 1\r\nSet-Cookie: evil\r\nLocation: /evil\r\n\r\n')
    const body = await client.take(/\r\n0\r\n(.+\r\n)*\r\n/)
    assert.ok(['3\r\none\r\n0\r\n\r\n', '3\r\none\r\n0\r\nX-Late: 1\r\n\r\n'].includes(body), body)
    client.send(get())
    await worker.takeHead()
    worker.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
    assert.deepEqual(statuses(client.text), [])
  })

  for (const trailers of [
    'X'.repeat(20_000) + ': 1\r\n',
    'no colon\r\n',
    'X-One : 1\r\n',
    'X-One: \0\r\n',
    'Content-Length: 9\r\n'
  ]) {
    test(`29. the trailers ${JSON.stringify(trailers.slice(0, 20))} of an answer cut it off`, async () => {
      const { client, worker } = await wire.exchange(get())
      worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n')
      await client.take('one\r\n')
      worker.send(`0\r\n${trailers}\r\n`)
      assert.ok(!(await client.takeAll()).includes('0\r\n\r\n'))
      await worker.takeAll()
    })
  }

  test('chunks in both directions keep their bytes, whatever their extensions say', async () => {
    const { client, worker, head } = await wire.exchange(
      'POST / HTTP/1.1\r\nHost: front\r\nTransfer-Encoding: chunked\r\n\r\n3;a="\\""\r\none\r\n'
    )
    assert.equal(field(head, 'Transfer-Encoding'), 'chunked')
    assert.equal(await worker.take('one\r\n'), '3\r\none\r\n')
    client.send('00003;x=y\r\ntwo\r\n000\r\n\r\n')
    assert.equal(await worker.take('0\r\n\r\n'), '3\r\ntwo\r\n0\r\n\r\n')
    worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n03;a=b\r\nuno\r\n')
    assert.equal(field(await client.takeHead(), 'Transfer-Encoding'), 'chunked')
    assert.equal(await client.take('uno\r\n'), '3\r\nuno\r\n')
    worker.send('3\r\ndue\r\n0\r\n\r\n')
    assert.equal(await client.take('0\r\n\r\n'), '3\r\ndue\r\n0\r\n\r\n')
  })

  test('the head of an answer does not wait for its body, nor a piece for the next', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
    await client.takeHead()
    worker.send('a')
    await client.takeBytes(1)
    worker.send('b')
    await client.takeBytes(1)
  })

  test('an answer that ends with the worker’s connection is chunked for the client, which goes on', async () => {
    const { client, worker } = await wire.exchange(get())
    worker.end('HTTP/1.0 200 OK\r\n\r\nall')
    assert.equal(field(await client.takeHead(), 'Transfer-Encoding'), 'chunked')
    assert.equal(await client.take('0\r\n\r\n'), '3\r\nall\r\n0\r\n\r\n')
    client.send(get())
    const next = await wire.accept()
    next.send(answer(''))
    assert.match(await client.takeHead(), /^HTTP\/1\.1 200 /)
  })

  test('a client of HTTP/1.0 gets no chunks, and the end of the connection', async () => {
    const { client, worker } = await wire.exchange('GET / HTTP/1.0\r\n\r\n')
    worker.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n')
    const whole = await client.takeAll()
    assert.equal(field(whole, 'Transfer-Encoding'), undefined)
    assert.match(whole, /\r\n\r\nall$/)
  })
})
