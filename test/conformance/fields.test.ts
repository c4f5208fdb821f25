// What a proxy keeps, drops and adds of the fields of both sides, and what becomes of the request's target.
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answer, field, fieldAll, get, request } from '../helpers/front.js'
import { conformance, type Wire } from './helpers/wire.js'

/** Sends a request, has it answered, and returns what either side got. */
async function pass(
  wire: Wire,
  text: string,
  reply = answer('')
): Promise<{ head: string; answered: string }> {
  const { client, worker, head } = await wire.exchange(text)
  worker.send(reply)
  return { head, answered: await client.takeHead() }
}

/** The field lines without those that up adds. */
function lines(head: string): string[] {
  return head
    .split('\r\n')
    .slice(1, -2)
    .filter(line => !/^(X-Forwarded-\w+|Via|Date|Connection|Keep-Alive|Content-Length): /.test(line))
}

const HIGH = Array.from({ length: 0x80 }, (_, i) => String.fromCharCode(0x80 + i)).join('')
const REPEATED = [
  'B: 2',
  'a: 1',
  'Set-Cookie: c=3',
  'b: 4',
  'set-COOKIE: d=4',
  'A: 1',
  'X-Odd-CASE: x',
  'X-Empty: '
]
const TARGETS = [
  '//x/%2e%2e?a;b=%zz',
  '/../a/./b//c',
  '/a%00%2f%5c?%',
  '/?',
  '/??a=b&&c',
  '/a|b{c}"<d>^`\\',
  "/~a!$&'()*+,;=:@",
  '/' + 'x'.repeat(3000)
]

conformance({ tls: true }, (wire, test) => {
  test('13. fields that Connection nominates are dropped, but ours are not', async () => {
    const nominated = 'X-One, close ,x-two,, X-Forwarded-For,x-forwarded-proto, X-Forwarded-Host, Via, Host'
    const { client, worker, head } = await wire.exchange(
      get('/', [`Connection: ${nominated}`, 'X-One: 1', 'X-TWO: 2', 'x-two: 2', 'X-Three: 3'])
    )
    assert.deepEqual(lines(head), ['Host: front', 'X-Three: 3'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['127.0.0.1'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Proto'), [wire.variant.tls ? 'https' : 'http'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Host'), ['front'])
    assert.deepEqual(fieldAll(head, 'Via'), ['1.1 up'])
    assert.deepEqual(fieldAll(head, 'Connection'), [])
    worker.send(
      answer('ok', ['Connection: X-One, via, x-two', 'X-One: 1', 'x-TWO: 2', 'Via: 1.1 inner', 'X-Three: 3'])
    )
    const answered = await client.takeAll()
    assert.deepEqual(lines(answered.slice(0, answered.indexOf('\r\n\r\n') + 4)), ['X-Three: 3'])
    assert.deepEqual(fieldAll(answered, 'Via'), ['1.1 up'])
    assert.deepEqual(fieldAll(answered, 'Connection'), ['close'])
    assert.match(answered, /\r\n\r\nok$/)
  })

  test('13. a second Connection field nominates, too', async () => {
    const { head } = await pass(
      wire,
      get('/', ['Connection: x-one', 'Connection: x-two', 'X-One: 1', 'X-Two: 2'])
    )
    assert.deepEqual(lines(head), ['Host: front'])
  })

  test('13. fields that Connection nominates are dropped from a 101 and its request, too', async () => {
    const { client, worker, head } = await wire.exchange(
      get('/', ['Connection: Upgrade, X-One', 'Upgrade: foo', 'X-One: 1', 'X-Two: 2'])
    )
    assert.deepEqual(lines(head), ['Host: front', 'Upgrade: foo', 'X-Two: 2'])
    assert.deepEqual(fieldAll(head, 'Connection'), ['Upgrade'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['127.0.0.1'])
    worker.send(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: X-One, Upgrade\r\nX-One: 1\r\nUpgrade: foo\r\nX-Two: 2\r\nVia: 1.0 inner\r\n\r\n'
    )
    const answered = await client.takeHead()
    assert.deepEqual(lines(answered), ['X-Two: 2', 'Upgrade: foo'])
    assert.deepEqual(fieldAll(answered, 'Connection'), ['Upgrade'])
    assert.deepEqual(fieldAll(answered, 'Via'), ['1.0 inner', '1.1 up'])
    client.reset()
  })

  test('14. fields of the client’s connection end here', async () => {
    const fields = [
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: gzip',
      'Connection: keep-alive',
      'Upgrade: h2c'
    ]
    const { head } = await pass(wire, get('/', [...fields, 'X-One: 1']))
    assert.deepEqual(lines(head), ['Host: front', 'X-One: 1'])
  })

  test('14. fields of the worker’s connection end here', async () => {
    const fields = [
      'Keep-Alive: timeout=99',
      'Proxy-Connection: keep-alive',
      'TE: gzip',
      'Trailer: a',
      'Upgrade: h2c'
    ]
    const { answered } = await pass(wire, get(), answer('', [...fields, 'X-One: 1']))
    assert.deepEqual(lines(answered), ['X-One: 1'])
    assert.ok(!fieldAll(answered, 'Keep-Alive').includes('timeout=99'))
  })

  test('15. fields keep their count, order and spelling, in both directions', async () => {
    const { head, answered } = await pass(wire, get('/', REPEATED), answer('', REPEATED))
    assert.deepEqual(lines(head), ['Host: front', ...REPEATED])
    assert.deepEqual(lines(answered), REPEATED)
  })

  test('15. white space around a value is no part of it', async () => {
    const { head, answered } = await pass(
      wire,
      get('/', ['A: \t a b\t ', 'B:c']),
      answer('', ['A: \t a b\t ', 'B:c'])
    )
    assert.deepEqual(lines(head), ['Host: front', 'A: a b', 'B: c'])
    assert.deepEqual(lines(answered), ['A: a b', 'B: c'])
  })

  test('16. the bytes 80 to FF pass exactly, in values of both directions, and in the reason phrase', async () => {
    const { head, answered } = await pass(
      wire,
      get('/', [`X-High: ${HIGH}`]),
      answer('', [`X-High: ${HIGH}`], `299 ${HIGH}`)
    )
    assert.deepEqual(lines(head), ['Host: front', `X-High: ${HIGH}`])
    assert.deepEqual(lines(answered), [`X-High: ${HIGH}`])
    assert.ok(answered.startsWith(`HTTP/1.1 299 ${HIGH}\r\n`))
  })

  test('16. the bytes 80 to FF pass exactly in bodies, and in a head that leaves before its body', async () => {
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
    const { client, worker } = await wire.exchange(request('POST', '/', [], bytes))
    assert.equal(await worker.takeBytes(256), bytes)
    worker.send(`HTTP/1.1 200 OK\r\nX-High: ${HIGH}\r\nContent-Length: 256\r\n\r\n`)
    assert.equal(field(await client.takeHead(), 'X-High'), HIGH)
    worker.send(bytes)
    assert.equal(await client.takeBytes(256), bytes)
  })

  for (const [title, reason] of [
    ['with a tab', 'a\tb'],
    ['that is empty', ''],
    ['with spaces around it', ' a  b ']
  ] as const) {
    test(`a reason phrase ${title} passes as it is`, async () => {
      const { answered } = await pass(wire, get(), answer('', [], `200 ${reason}`))
      assert.ok(answered.startsWith(`HTTP/1.1 200 ${reason}\r\n`), answered)
    })
  }

  test('17. what a client claims of itself is replaced', async () => {
    const { head } = await pass(
      wire,
      get('/', [
        'X-Forwarded-For: 192.0.2.1',
        'x-forwarded-for: 192.0.2.2',
        'X-Forwarded-Proto: gopher',
        'X-Forwarded-Host: evil'
      ])
    )
    assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['127.0.0.1'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Proto'), [wire.variant.tls ? 'https' : 'http'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Host'), ['front'])
  })

  test('18. of an absolute target the worker gets its authority as Host', async () => {
    for (const [target, path, host] of [
      ['http://other:81/a?b', '/a?b', 'other:81'],
      ['HTTP://other', '/', 'other'],
      ['http://other?a', '/?a', 'other'],
      ['https://[::1]/', '/', '[::1]']
    ] as const) {
      const { head } = await pass(wire, get(target))
      assert.ok(head.startsWith(`GET ${path} HTTP/1.1\r\n`), head)
      assert.deepEqual(fieldAll(head, 'Host'), [host])
      assert.deepEqual(fieldAll(head, 'X-Forwarded-Host'), [host])
      await wire.clear()
    }
  })

  for (const target of [
    'http://user@front/',
    'http://user:secret@front/',
    'http:///a',
    'http://:80/',
    'http://fr ont/',
    'ftp://front/',
    'front:80',
    'front',
    '*',
    '*/a',
    '?a',
    'http://front:80:80/'
  ]) {
    test(`18. GET ${target} is refused, and what follows is not read`, async () => {
      const whole = await wire.send(get(target) + get('/evil')).takeAll()
      assert.match(whole, /^HTTP\/1\.1 400 /)
      assert.equal(whole.split('HTTP/1.1 ').length, 2)
      assert.equal(wire.connections.length, 0)
    })
  }

  test('19. OPTIONS * is forwarded as it is', async () => {
    const { head } = await pass(wire, request('OPTIONS', '*'))
    assert.match(head, /^OPTIONS \* HTTP\/1\.1\r\nHost: front\r\n/)
  })

  for (const target of ['front:443', '127.0.0.1:1', '/']) {
    test(`20. CONNECT ${target} is refused, and what follows is not read`, async () => {
      const whole = await wire.send(request('CONNECT', target) + get('/evil')).takeAll()
      assert.match(whole, /^HTTP\/1\.1 (4\d\d|501) /)
      assert.equal(whole.split('HTTP/1.1 ').length, 2)
      assert.equal(wire.connections.length, 0)
    })
  }

  test('20. CONNECT behind a request is refused when that has its answer', async () => {
    const { client, worker } = await wire.exchange(get() + request('CONNECT', 'front:443') + get('/evil'))
    worker.send(answer('first'))
    const whole = await client.takeAll()
    assert.match(whole, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nfirstHTTP\/1\.1 501 [^]*\r\n\r\n$/)
    assert.equal(wire.connections.length, 1)
  })

  for (const target of TARGETS) {
    test(`21. ${target.slice(0, 30)} arrives identical`, async () => {
      const { head } = await pass(wire, get(target))
      assert.ok(head.startsWith(`GET ${target} HTTP/1.1\r\n`), head)
    })
  }

  test('22. fields over the limit are 431, and what follows is not read', async () => {
    for (const text of [get('/', [`X-One: ${'x'.repeat(100_000)}`]), get('/' + 'x'.repeat(100_000))]) {
      const whole = await wire.send(text + get('/evil')).takeAll()
      assert.match(whole, /^HTTP\/1\.1 431 /)
      assert.equal(whole.split('HTTP/1.1 ').length, 2)
      assert.equal(wire.connections.length, 0)
    }
  })

  test('22. 3,000 fields pass, in both directions, and the last of them still delimits the body', async () => {
    const many = Array.from({ length: 3000 }, () => 'a:')
    const { client, worker, head } = await wire.exchange(request('POST', '/', many, 'body'))
    assert.equal(fieldAll(head, 'a').length, 3000)
    assert.equal(await worker.takeBytes(4), 'body')
    worker.send(answer('answer', many))
    assert.equal(fieldAll(await client.takeHead(), 'a').length, 3000)
    assert.equal(await client.takeBytes(6), 'answer')
  })

  for (const method of [
    'PATCH',
    'PROPFIND',
    'M-SEARCH',
    'QUERY',
    'REPORT',
    'TRACE',
    'DELETE',
    'OPTIONS',
    'PUT'
  ]) {
    test(`${method} passes`, async () => {
      if (method === 'QUERY' && Number(process.versions.node.split('.')[0]) < 22) return
      const { head } = await pass(wire, request(method, '/'))
      assert.ok(head.startsWith(`${method} / HTTP/1.1\r\n`))
    })
  }

  test('the worker of a TLS or plain master gets no field that is private to up', async () => {
    const { head } = await pass(wire, get())
    assert.deepEqual(
      head.split('\r\n').map(line => line.split(':')[0]),
      ['GET / HTTP/1.1', 'Host', 'Via', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', '', '']
    )
  })
})

/** Sets a field that would split the message, in a way that node:http does not see. */
function split(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/request') req.headers['x-one'] = 'a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n'
  if (req.url === '/url') req.url = '/a HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /evil'
  if (req.url === '/method') req.method = 'GET /evil HTTP/1.1\r\nX: '
  if (req.url === '/response') res.setHeader('X-One', 'a\r\nX-Evil: 1')
  if (req.url === '/reason') res.statusMessage = 'a\r\nX-Evil: 1'
}

conformance(
  {
    setUp: srv =>
      void srv.use((req, res, next) => {
        split(req, res)
        next()
      })
  },
  (wire, test) => {
    for (const path of ['/request', '/url', '/method', '/response']) {
      test(`23. CR LF that middleware sets in ${path} is 500, and nothing is split`, async () => {
        const client = wire.send(get(path))
        const head = await client.takeHead()
        assert.match(head, /^HTTP\/1\.1 500 /)
        assert.ok(!head.includes('Evil'))
        assert.equal(wire.connections.length, 0)
      })
    }

    test('23. what middleware set for the reason phrase gives way to the worker’s', async () => {
      const { answered } = await pass(wire, get('/reason'))
      assert.match(answered, /^HTTP\/1\.1 200 OK\r\n/)
    })
  }
)

conformance({ options: { trustProxy: 'loopback' } }, (wire, test) => {
  test('17. what a trusted peer says of its client is kept, and appended to', async () => {
    const { head } = await pass(
      wire,
      get('/', [
        'X-Forwarded-For: 192.0.2.1',
        'x-forwarded-for: 192.0.2.2',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: outer'
      ])
    )
    assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['192.0.2.1, 192.0.2.2, 127.0.0.1'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Proto'), ['https'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Host'), ['outer'])
  })

  test('17. what a trusted peer does not say is ours to say', async () => {
    const { head } = await pass(wire, get())
    assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['127.0.0.1'])
    assert.deepEqual(fieldAll(head, 'X-Forwarded-Host'), ['front'])
  })
})
