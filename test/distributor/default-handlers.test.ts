import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { UpError, type ErrorCode } from '#lib/errors.js'
import { field, front, get, hop } from '../helpers/front.js'

const UPGRADE = get('/chat', ['Connection: Upgrade', 'Upgrade: foo'])

/** Sets NODE_ENV for one test. */
function environment(t: TestContext, value: string | undefined): void {
  const before = process.env['NODE_ENV']
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = to
  }
  set(value)
  t.after(() => set(before))
}

test('a request that nobody handles is answered with 501', async t => {
  const there = await front(t)
  there.srv.use((_req, _res, next) => next())
  const whole = await there.ask(get())
  assert.match(whole, /^HTTP\/1.1 501 Not Implemented\r\n/)
  assert.match(whole, /\r\n\r\n$/)
})

test('the connection of a request that nobody handled goes on', async t => {
  const client = (await front(t)).connect().send(get() + get())
  assert.match(await client.takeHead(), /^HTTP\/1.1 501 /)
  assert.match(await client.takeHead(), /^HTTP\/1.1 501 /)
})

test('an upgrade that nobody handles ends the socket', async t => {
  const there = await front(t)
  there.srv.ws.use((_req, _socket, next) => next())
  assert.equal(await there.ask(UPGRADE), '')
})

for (const env of [undefined, 'production', 'test', '']) {
  test(`with NODE_ENV ${JSON.stringify(env)} an error is answered with 500 and no more`, async t => {
    environment(t, env)
    const there = await front(t)
    there.srv.use((_req, _res, next) => next(new Error('secret')))
    const whole = await there.ask(get())
    assert.match(whole, /^HTTP\/1.1 500 Internal Server Error\r\n/)
    assert.equal(field(whole, 'Content-Length'), '0')
    assert.match(whole, /\r\n\r\n$/)
  })
}

test('in development an error is answered with 500 and its stack', async t => {
  environment(t, 'development')
  const there = await front(t)
  const broken = new Error('bröken')
  there.srv.use((_req, _res, next) => next(broken))
  const whole = Buffer.from(await there.ask(get()), 'latin1').toString()
  assert.match(whole, /^HTTP\/1.1 500 /)
  assert.equal(field(whole, 'Content-Type'), 'text/plain; charset=utf-8')
  assert.equal(whole.split('\r\n\r\n')[1], broken.stack)
})

test('in development an error without a stack is shown by its message', async t => {
  environment(t, 'development')
  const there = await front(t)
  const broken = new Error('broken')
  Reflect.deleteProperty(broken, 'stack')
  there.srv.use((_req, _res, next) => next(broken))
  assert.match(await there.ask(get()), /\r\n\r\nbroken$/)
})

test('the fields that middleware set for its own answer do not describe the error', async t => {
  const there = await front(t)
  there.srv.use((_req, res, next) => {
    res.setHeader('Content-Encoding', 'gzip')
    res.setHeader('Content-Length', '99')
    res.setHeader('ETag', '"a"')
    next(new Error('broken'))
  })
  const whole = await there.ask(get())
  assert.match(whole, /^HTTP\/1.1 500 /)
  assert.equal(field(whole, 'Content-Length'), '0')
  assert.equal(field(whole, 'Content-Encoding'), undefined)
  assert.equal(field(whole, 'ETag'), undefined)
})

for (const [code, status] of [
  ['UP_ERR_BAD_REQUEST', 400],
  ['UP_ERR_BAD_RESPONSE', 502],
  ['UP_ERR_UPSTREAM_TIMEOUT', 504],
  ['UP_ERR_HOLD_FULL', 503],
  ['UP_ERR_OPTION', 500]
] as [ErrorCode, number][]) {
  test(`an error with the code ${code} is answered with ${status}`, async t => {
    const there = await front(t)
    there.srv.use((_req, _res, next) => next(new UpError(code, 'broken')))
    const whole = await there.ask(get())
    assert.ok(whole.startsWith(`HTTP/1.1 ${status} `), whole)
    assert.equal(field(whole, 'Retry-After') !== undefined, status === 503)
  })
}

test('an upgrade whose upstream is dead is told so', async t => {
  const { front: there, upstream } = await hop(t)
  await upstream.close()
  const whole = await there.ask(UPGRADE)
  assert.match(whole, /^HTTP\/1.1 502 Bad Gateway\r\n/)
  assert.equal(field(whole, 'Connection'), 'close')
})

test('an upgrade whose middleware fails is ended without a word', async t => {
  const there = await front(t)
  there.srv.ws.use(() => {
    throw new Error('secret')
  })
  assert.equal(await there.ask(UPGRADE), '')
})
