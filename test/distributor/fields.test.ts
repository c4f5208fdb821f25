import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { DistributorRequest } from '#lib/distributor/middleware.js'
import {
  answer,
  field,
  fieldAll,
  front,
  get,
  request,
  type Front,
  type FrontOptions
} from '../helpers/front.js'
import { rawUpstream, type RawUpstream } from '../helpers/raw.js'

/** A front whose middleware runs `edit` before it forwards. */
async function edited(
  t: TestContext,
  edit: (req: DistributorRequest, res: ServerResponse) => void,
  options: FrontOptions = {}
): Promise<{ there: Front; upstream: RawUpstream }> {
  const upstream = await rawUpstream(t)
  const there = await front(t, options)
  there.srv.use((req, res, next) => {
    edit(req, res)
    next(upstream.address)
  })
  return { there, upstream }
}

/** The head that the upstream gets of a request. */
async function forwarded(
  t: TestContext,
  text: string,
  edit: (req: DistributorRequest, res: ServerResponse) => void,
  options: FrontOptions = {}
): Promise<string> {
  const { there, upstream } = await edited(t, edit, options)
  upstream.answerAll((head, peer) => peer.send(answer(head)))
  const whole = await there.ask(text)
  assert.match(whole, /^HTTP\/1.1 200 /)
  return whole.slice(whole.indexOf('\r\n\r\n') + 4)
}

/** What the client gets when the upstream answers with `text`. */
async function answered(
  t: TestContext,
  text: string,
  edit: (req: DistributorRequest, res: ServerResponse) => void
): Promise<string> {
  const { there, upstream } = await edited(t, edit)
  upstream.answerAll((_head, peer) => peer.send(text))
  return there.ask(get())
}

test('Set-Cookie of both sides reaches the client', async t => {
  const whole = await answered(t, answer('', ['Set-Cookie: c=3', 'set-cookie: d=4']), (_req, res) => {
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
  })
  assert.deepEqual(fieldAll(whole, 'Set-Cookie'), ['a=1', 'b=2', 'c=3', 'd=4'])
})

test('for any other field the value of the upstream wins', async t => {
  const whole = await answered(t, answer('', ['x-powered-by: worker', 'Vary: Accept']), (_req, res) => {
    res.setHeader('X-Powered-By', 'middleware')
    res.setHeader('VARY', ['a', 'b'])
    res.statusCode = 404
    res.statusMessage = 'Nowhere'
  })
  assert.match(whole, /^HTTP\/1.1 200 OK\r\n/)
  assert.deepEqual(fieldAll(whole, 'X-Powered-By'), ['worker'])
  assert.deepEqual(fieldAll(whole, 'Vary'), ['Accept'])
})

test('fields that only middleware set are kept, and so are those that the upstream repeats', async t => {
  const worker = answer('body', ['WWW-Authenticate: Basic', 'X-Odd-CASE: 1', 'WWW-Authenticate: Digest'])
  const whole = await answered(t, worker, (_req, res) => {
    res.setHeader('X-Frame-Options', 'DENY')
    res.setHeader('Link', ['</a>', '</b>'])
  })
  assert.equal(field(whole, 'X-Frame-Options'), 'DENY')
  assert.deepEqual(fieldAll(whole, 'Link'), ['</a>', '</b>'])
  assert.deepEqual(fieldAll(whole, 'WWW-Authenticate'), ['Basic', 'Digest'])
  assert.match(whole, /\r\nX-Odd-CASE: 1\r\n/)
  assert.match(whole, /\r\n\r\nbody$/)
})

test('the fields of an upstream pass unchanged where middleware set none', async t => {
  const fields = [
    'B: 2',
    'a: 1',
    'Set-Cookie: c=3',
    'b: 4',
    'X-Empty:',
    'X-High: \xe9\xff',
    'Set-Cookie: d=4'
  ]
  const whole = await answered(t, answer('body', fields), () => {})
  assert.ok(whole.includes(['', ...fields.map(line => line.replace(/:$/, ': ')), ''].join('\r\n')), whole)
})

for (const [title, worker] of [
  ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n'],
  ['of known length', answer('body')]
] as const) {
  for (const [name, value] of [
    ['Content-Length', '2'],
    ['Transfer-Encoding', 'chunked']
  ] as const) {
    test(`${name} of middleware does not delimit an answer that is ${title}`, async t => {
      const { there, upstream } = await edited(t, (_req, res) => res.setHeader(name, value))
      upstream.answerAll((_head, peer) => peer.send(worker))
      const client = there.connect().send(get() + get())
      for (let i = 0; i < 2; i++) {
        const head = await client.takeHead()
        if (title === 'chunked') {
          assert.equal(field(head, 'Content-Length'), undefined)
          assert.equal(await client.take('0\r\n\r\n'), '4\r\nbody\r\n0\r\n\r\n')
        } else {
          assert.deepEqual(fieldAll(head, 'Content-Length'), ['4'])
          assert.equal(field(head, 'Transfer-Encoding'), undefined)
          assert.equal(await client.takeBytes(4), 'body')
        }
      }
    })
  }
}

test('an answer without a Date gets one, and the Date of the upstream is passed on', async t => {
  const date = 'Tue, 15 Nov 1994 08:12:31 GMT'
  assert.deepEqual(fieldAll(await answered(t, answer('', [`date: ${date}`]), () => {}), 'Date'), [date])
  const added = fieldAll(await answered(t, answer(''), () => {}), 'Date')
  assert.equal(added.length, 1)
  assert.ok(!Number.isNaN(Date.parse(added[0] ?? '')))
})

test('a field that middleware adds, changes or deletes reaches the upstream so', async t => {
  const head = await forwarded(t, get('/', ['X-Old: 1', 'X-Same: 2', 'X-GONE: 3', 'x-old: 4']), req => {
    req.headers['x-old'] = 'new'
    req.headers['x-added'] = ['one', 'two']
    delete req.headers['x-gone']
  })
  assert.deepEqual(fieldAll(head, 'X-Old'), ['new'])
  assert.deepEqual(fieldAll(head, 'x-added'), ['one', 'two'])
  assert.match(head, /\r\nX-Same: 2\r\n/)
  assert.equal(field(head, 'X-Gone'), undefined)
})

test('middleware may spell a field as it likes, and still replaces what the client sent', async t => {
  const head = await forwarded(t, get('/', ['x-user: eve']), req => {
    req.headers['X-User'] = 'alice'
    req.headers['X-New'] = '1'
  })
  assert.deepEqual(fieldAll(head, 'X-User'), ['alice'])
  assert.match(head, /\r\nX-New: 1\r\n/)
})

test('middleware may give the request another set of fields, and another Host', async t => {
  const head = await forwarded(t, get('/', ['X-Old: 1']), req => {
    req.headers = { host: 'other', 'x-new': '1' }
  })
  assert.deepEqual(fieldAll(head, 'Host'), ['other'])
  assert.equal(field(head, 'X-Forwarded-Host'), 'other')
  assert.equal(field(head, 'X-New'), '1')
  assert.equal(field(head, 'X-Old'), undefined)
})

test('an X-Forwarded field that middleware set is passed on as it is', async t => {
  const head = await forwarded(
    t,
    get('/', ['X-Forwarded-For: claimed', 'X-Forwarded-Host: claimed']),
    req => {
      req.headers['x-forwarded-proto'] = 'https'
      req.headers['x-forwarded-for'] = '192.0.2.7'
    }
  )
  assert.deepEqual(fieldAll(head, 'X-Forwarded-Proto'), ['https'])
  assert.deepEqual(fieldAll(head, 'X-Forwarded-For'), ['192.0.2.7'])
  assert.deepEqual(fieldAll(head, 'X-Forwarded-Host'), ['front'])
})

test('a client cannot nominate away what middleware set', async t => {
  const head = await forwarded(t, get('/', ['Connection: x-user, x-own', 'X-User: eve', 'X-Own: 1']), req => {
    req.headers['x-user'] = 'alice'
  })
  assert.deepEqual(fieldAll(head, 'X-User'), ['alice'])
  assert.equal(field(head, 'X-Own'), undefined)
})

test('a url that middleware rewrote reaches the upstream', async t => {
  const head = await forwarded(t, get('/old?a=1'), req => {
    req.url = '/new' + (req.url ?? '').slice(4)
  })
  assert.match(head, /^GET \/new\?a=1 HTTP\/1.1\r\n/)
})

test('a method that middleware rewrote reaches the upstream', async t => {
  const head = await forwarded(t, request('POST', '/', [], ''), req => {
    req.method = 'DELETE'
  })
  assert.match(head, /^DELETE \/ HTTP\/1.1\r\n/)
})

const UNSENDABLE: Record<string, (req: DistributorRequest) => void> = {
  'a value with CR LF': req => (req.headers['x-name'] = 'a\r\nX-Evil: 1'),
  'a value with CR': req => (req.headers['x-name'] = 'a\rb'),
  'a value with LF': req => (req.headers['x-name'] = 'a\nb'),
  'a value with NUL': req => (req.headers['x-name'] = 'a\0b'),
  'a value beyond latin1, whose low byte is LF': req => (req.headers['x-name'] = 'a\u010ab'),
  'a list with CR LF in its second value': req => (req.headers['x-name'] = ['a', 'b\r\nX-Evil: 1']),
  'a value with CR LF in Host': req => (req.headers.host = 'a\r\nX-Evil: 1'),
  'a value with CR LF in X-Forwarded-For': req => (req.headers['x-forwarded-for'] = 'a\r\nX-Evil: 1'),
  'a name with CR LF': req => (req.headers['x\r\nx-evil'] = '1'),
  'a name with a colon': req => (req.headers['x-evil: 1'] = '1'),
  'an empty name': req => (req.headers[''] = '1'),
  'a url with CR LF': req => (req.url = '/ HTTP/1.1\r\nX-Evil: 1\r\n\r\n'),
  'a url with a space': req => (req.url = '/a b'),
  'a url beyond latin1, whose low byte is LF': req => (req.url = '/\u010a'),
  'an absolute url with CR LF in its host': req => (req.url = 'http://a\r\nX-Evil: 1/'),
  'an empty url': req => (req.url = ''),
  'a method with CR LF': req => (req.method = 'GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET'),
  'an empty method': req => (req.method = '')
}

for (const [title, edit] of Object.entries(UNSENDABLE)) {
  test(`${title} set by middleware is answered with 500, and nothing is sent`, async t => {
    let bad = true
    const { there, upstream } = await edited(t, req => {
      if (bad) edit(req)
      bad = false
    })
    upstream.answerAll((head, peer) => peer.send(answer(head)))
    const errors: unknown[] = []
    there.srv.use(function (error: unknown, _req: unknown, _res: unknown, next: () => void) {
      errors.push(Reflect.get(Object(error), 'code'))
      next()
    })
    const client = there.connect().send(get())
    assert.match(await client.takeHead(), /^HTTP\/1.1 500 /)
    assert.deepEqual(errors, ['UP_ERR_HEADER'])
    // The next request finds an upstream that has seen nothing of the first.
    client.send(get('/good')).end()
    assert.match(await client.takeAll(), /\r\n\r\nGET \/good HTTP\/1.1\r\n/)
    assert.equal(upstream.connections.length, 1)
  })
}

test('what delimits the body is not for middleware to change', async t => {
  const body = '0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n'
  const upstream = await rawUpstream(t)
  const there = await front(t)
  there.srv.use((req, _res, next) => {
    if (req.url === '/length') req.headers['content-length'] = '2'
    if (req.url === '/none') delete req.headers['content-length']
    if (req.url === '/spelling') req.headers['Content-Length'] = '2'
    if (req.url === '/chunked') req.headers['transfer-encoding'] = 'chunked'
    next(upstream.address)
  })
  for (const path of ['/length', '/none', '/spelling', '/chunked']) {
    const whole = there.ask(request('POST', path, [], body))
    const worker = await upstream.accept()
    const head = await worker.takeHead()
    assert.deepEqual(fieldAll(head, 'Content-Length'), [`${body.length}`], path)
    assert.equal(field(head, 'Transfer-Encoding'), undefined)
    assert.equal(await worker.takeBytes(body.length), body)
    worker.send(answer('', ['Connection: close'])).end()
    assert.match(await whole, /^HTTP\/1.1 200 /)
  }
})

test('A request is one of HTTP/2 by its making, whatever middleware put on it', async t => {
  const { there, upstream } = await edited(t, req => Object.assign(req, { stream: {}, httpVersionMajor: 2 }))
  upstream.answerAll((_head, peer) => peer.send(answer('fine')))
  const got = await there.ask('GET / HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n')
  assert.match(got, /^HTTP\/1\.1 200 OK\r\n/)
})
