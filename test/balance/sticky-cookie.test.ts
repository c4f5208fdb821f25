import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StickyCookie } from '#lib/balance/sticky-cookie.js'
import { clientAddress } from '#lib/balance/client.js'
import { parseTrust } from '#lib/options/trust.js'
import { visit, type FakeRequest } from '../helpers/fake-workers.js'

const nobody = (): boolean => false
const SECRET = 'a secret of masters'

function request(fake?: FakeRequest): ReturnType<typeof visit>['req'] {
  return visit(fake).req
}

/** What a client sends that got this Set-Cookie. */
function returned(setCookie: string): string {
  return setCookie.split(';')[0] ?? ''
}

test('a client is known again by the cookie that it got', () => {
  const cookie = new StickyCookie('up-sticky', undefined, nobody)
  const { id, setCookie } = cookie.issue(request())
  assert.match(setCookie, /^up-sticky=[\w-]{16}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  assert.equal(cookie.read(request({ headers: { cookie: returned(setCookie) } })), id)
  const among = `a=b; up-sticky2=x; ${returned(setCookie)}; =; c`
  assert.equal(cookie.read(request({ headers: { cookie: among } })), id)
  assert.notEqual(cookie.issue(request()).id, id)
})

test("masters that share a secret know each other's clients; others do not", () => {
  const [here, there, other, renamed] = [
    new StickyCookie('up-sticky', SECRET, nobody),
    new StickyCookie('up-sticky', SECRET, nobody),
    new StickyCookie('up-sticky', undefined, nobody),
    new StickyCookie('another', SECRET, nobody)
  ]
  const { id, setCookie } = here.issue(request())
  const cookie = returned(setCookie)
  assert.equal(there.read(request({ headers: { cookie } })), id)
  assert.equal(other.read(request({ headers: { cookie } })), undefined)
  const moved = cookie.replace('up-sticky', 'another')
  assert.equal(renamed.read(request({ headers: { cookie: moved } })), undefined)
})

test('what we did not sign counts for nothing', () => {
  const cookie = new StickyCookie('up-sticky', SECRET, nobody)
  const good = returned(cookie.issue(request()).setCookie)
  const [id = '', signature = ''] = good.slice('up-sticky='.length).split('.')
  const other = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  const bad = [
    '',
    '.',
    id,
    `${id}.`,
    `.${signature}`,
    `${other(id)}.${signature}`,
    `${id}.${other(signature)}`, // prettier-ignore
    `${id}.${signature}A`,
    `${id}.${signature.slice(1)}`,
    `"${id}.${signature}"`,
    `${id}.${signature}.`, // prettier-ignore
    `${id}.${'='.repeat(43)}`,
    `${id}.${'\u00ff'.repeat(43)}`,
    '__proto__.' + signature // prettier-ignore
  ]
  for (const value of bad)
    assert.equal(cookie.read(request({ headers: { cookie: `up-sticky=${value}` } })), undefined, value)
  // A forged one before the good one, as another path or domain may set it, does no harm.
  const both = `up-sticky=${other(id)}.${signature}; ${good}`
  assert.equal(cookie.read(request({ headers: { cookie: both } })), id)
})

test('it is Secure where the client came by TLS, to us or to a proxy that is believed', () => {
  const loopback = parseTrust('trustProxy', 'loopback')
  const https = { 'x-forwarded-proto': 'https' }
  const cases: [FakeRequest, (address: string) => boolean, boolean][] = [
    [{ encrypted: true }, nobody, true],
    [{ encrypted: false }, nobody, false],
    [{ headers: https, remoteAddress: '127.0.0.1' }, nobody, false],
    [{ headers: https, remoteAddress: '127.0.0.1' }, loopback, true],
    [{ headers: https, remoteAddress: '::ffff:127.0.0.1' }, loopback, true],
    [{ headers: https, remoteAddress: '10.0.0.1' }, loopback, false],
    [{ headers: { 'x-forwarded-proto': 'http' }, remoteAddress: '127.0.0.1' }, loopback, false]
  ]
  for (const [fake, trust, secure] of cases) {
    const { setCookie } = new StickyCookie('up-sticky', SECRET, trust).issue(request(fake))
    assert.equal(setCookie.includes('; Secure'), secure, JSON.stringify(fake))
  }
})

test("the client's address is that of the nearest peer that is not trusted", () => {
  const proxies = parseTrust('trustProxy', ['loopback', '10.0.0.0/8'])
  const forwarded = { 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.1.1.1' }
  const cases: [FakeRequest, (address: string) => boolean, string][] = [
    [{ remoteAddress: '9.9.9.9' }, nobody, '9.9.9.9'],
    [{ remoteAddress: '::ffff:9.9.9.9' }, nobody, '9.9.9.9'],
    [{ remoteAddress: '9.9.9.9', headers: forwarded }, nobody, '9.9.9.9'],
    [{ remoteAddress: '9.9.9.9', headers: forwarded }, proxies, '9.9.9.9'],
    [{ remoteAddress: '127.0.0.1', headers: forwarded }, proxies, '1.2.3.4'],
    [{ remoteAddress: '::ffff:127.0.0.1', headers: forwarded }, proxies, '1.2.3.4'],
    [{ remoteAddress: '127.0.0.1' }, proxies, '127.0.0.1'],
    [{ remoteAddress: '2001:db8::1' }, proxies, '2001:db8::1'],
    [{}, nobody, ''],
    [{ headers: forwarded }, proxies, '']
  ]
  for (const [fake, trust, address] of cases)
    assert.equal(clientAddress(request(fake), trust), address, JSON.stringify(fake))
})
