import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseUpstream, parseUpstreams } from '#lib/options/upstream.js'
import { optionError } from '../helpers/option-error.js'

const plain = { backup: false, weight: 1 }
const local = { port: 2000, host: 'localhost' }
const here = process.cwd()

const right: readonly [value: unknown, name: string, address: object, role?: object][] = [
  [2000, 'localhost:2000', local],
  ['2000', 'localhost:2000', local],
  ['localhost:2000', 'localhost:2000', local],
  ['LocalHost:2000', 'localhost:2000', local],
  ['10.0.0.2:80', '10.0.0.2:80', { port: 80, host: '10.0.0.2' }],
  ['my_app.internal.:80', 'my_app.internal.:80', { port: 80, host: 'my_app.internal.' }],
  ['bücher.example:80', 'xn--bcher-kva.example:80', { port: 80, host: 'xn--bcher-kva.example' }],
  ['[::1]:2000', '[::1]:2000', { port: 2000, host: '::1' }],
  ['[2001:DB8:0:0:0:0:0:1]:2000', '[2001:db8::1]:2000', { port: 2000, host: '2001:db8::1' }],
  ['[fe80::1%Eth0]:2000', '[fe80::1%Eth0]:2000', { port: 2000, host: 'fe80::1%Eth0' }],
  ['http://10.0.0.2:8080', '10.0.0.2:8080', { port: 8080, host: '10.0.0.2' }],
  ['HTTP://a.example', 'a.example:80', { port: 80, host: 'a.example' }],
  ['http://a.example/', 'a.example:80', { port: 80, host: 'a.example' }],
  ['http://[::1]', '[::1]:80', { port: 80, host: '::1' }],
  [new URL('http://a.example:3000'), 'a.example:3000', { port: 3000, host: 'a.example' }],
  [new URL('http://[::1]'), '[::1]:80', { port: 80, host: '::1' }],
  [new URL('http://a.example#backup'), 'a.example:80', { port: 80, host: 'a.example' }, { backup: true }],
  ['unix:/tmp/a.sock', 'unix:/tmp/a.sock', { socketPath: '/tmp/a.sock' }],
  ['unix:///tmp/./a.sock', 'unix:/tmp/a.sock', { socketPath: '/tmp/a.sock' }],
  ['unix:/tmp/link/../a.sock', 'unix:/tmp/link/../a.sock', { socketPath: '/tmp/link/../a.sock' }],
  ['unix:/tmp/a b:1.sock', 'unix:/tmp/a b:1.sock', { socketPath: '/tmp/a b:1.sock' }],
  ['/tmp/a.sock', 'unix:/tmp/a.sock', { socketPath: '/tmp/a.sock' }],
  ['unix:./a.sock', `unix:${join(here, 'a.sock')}`, { socketPath: join(here, 'a.sock') }],
  [
    'unix:a.sock#backup',
    `unix:${join(here, 'a.sock')}`,
    { socketPath: join(here, 'a.sock') },
    { backup: true }
  ],
  [`unix:/${'a'.repeat(106)}`, `unix:/${'a'.repeat(106)}`, { socketPath: `/${'a'.repeat(106)}` }],
  ['2000#backup', 'localhost:2000', local, { backup: true }],
  ['localhost:2000#weight=3', 'localhost:2000', local, { weight: 3 }],
  ['localhost:2000#weight=1000', 'localhost:2000', local, { weight: 1000 }],
  ['http://localhost:2000/#backup,weight=3', 'localhost:2000', local, { backup: true, weight: 3 }],
  ['unix:/a#weight=3,backup', 'unix:/a', { socketPath: '/a' }, { backup: true, weight: 3 }],
  [{ port: 2000 }, 'localhost:2000', local],
  [{ port: '2000', host: undefined, weight: undefined, backup: undefined }, 'localhost:2000', local],
  [{ port: 2000, host: '::1', backup: true }, '[::1]:2000', { port: 2000, host: '::1' }, { backup: true }],
  [{ port: 2000, host: '[::1]', backup: false }, '[::1]:2000', { port: 2000, host: '::1' }],
  [{ socketPath: '/a#b.sock', weight: 5 }, 'unix:/a#b.sock', { socketPath: '/a#b.sock' }, { weight: 5 }]
]

for (const [value, name, address, role] of right) {
  test(`an upstream is ${show(value)}`, () => {
    const spec = parseUpstream('upstream', value)
    assert.deepEqual(spec, { name, address, ...plain, ...role })
    assert.ok(Object.isFrozen(spec) && Object.isFrozen(spec.address))
  })
}

const forms =
  /^, but must be a port from 1 to 65535, 'host:port'.*'unix:'.*\{ socketPath \}; behind .*'#backup,weight=3'$/
const port = /a port from 1 to 65535$/
const host = /a host: a name, an IPv4 or an IPv6 address$/
const flags = /'#backup', '#weight=N' \(N from 1 to 1000\) or both, '#backup,weight=N'$/
const http = /an address that speaks plain HTTP: 'http:\/\/host:port'$/
const origin = /an origin, without user, path, query and fragment: 'http:\/\/host:port'$/
const path = /the absolute path of a UNIX socket$/

type Wrong = readonly [value: unknown, expected: RegExp]
const wrong: readonly Wrong[] = [
  ...[
    undefined,
    null,
    true,
    '',
    ' 2000',
    '2000 ',
    '123456',
    '-1',
    'localhost',
    ':2000',
    'localhost:',
    'a:b'
  ].map(bad),
  ...['localhost:2000/', 'localhost:2000/path', 'user@localhost:2000', '[::1]', '::1:2000', './a.sock'].map(
    bad
  ),
  ...['\n2000', 'localhost:2000\n', 'a.sock', [2000], {}, { host: 'a.example' }, () => 2000].map(bad),
  ...[0, -1, 65_536, 1.5, NaN, '0', '65536', 'localhost:0', 'localhost:70000', 'http://a.example:0'].map(
    value => [value, port] as const
  ),
  ...['a b:80', '10.0.0.256:80', '1.2.3:80', 'a*b:80', '[::g]:80', '[10.0.0.1]:80', '-a.example:80'].map(
    value => [value, host] as const
  ),
  ['http://', origin],
  ['http://a.example/path', origin],
  ['http://a.example?query', origin],
  [new URL('http://a.example/path'), origin],
  ['https://a.example', http],
  ['ws://a.example', http],
  [new URL('https://a.example'), http],
  [new URL('ws://a.example'), http],
  [new URL('unix:/tmp/a.sock'), http],
  ['unix:', path],
  ['unix:/a\0b', path],
  ['/a\0b', path],
  [{ socketPath: './a.sock' }, path],
  [{ socketPath: undefined }, path],
  [`unix:/${'a'.repeat(107)}`, /at most 107 bytes$/],
  [`/${'ü'.repeat(54)}`, /at most 107 bytes$/],
  [{ port: 'http' }, port],
  [{ port: 2000, host: 5 }, host],
  ...[
    ...[
      '2000#',
      '2000#primary',
      '2000#backup,',
      '2000#backup,backup',
      '2000#weight=1,weight=2',
      '2000#backup&weight=3'
    ],
    ...[
      '2000#weight',
      '2000#weight=',
      '2000#weight=0',
      '2000#weight=1001',
      '2000#weight=-1',
      '2000#weight=1.5'
    ],
    ...['2000#weight=03', '2000#Backup', '2000# backup', '2000#backup=true', '2000#backup#weight=3']
  ].map(value => [value, flags] as const),
  [new URL('http://a.example#weight=0'), flags]
]

function bad(value: unknown): Wrong {
  return [value, forms]
}

for (const [value, expected] of wrong) {
  test(`no upstream is ${show(value)}`, () => {
    assert.throws(() => parseUpstream('upstream', value), optionError('upstream', value, expected))
  })
}

const wrongParts: readonly [value: object, part: string, given: unknown, expected: RegExp][] = [
  [{ port: 2000, weight: 0 }, 'weight', 0, /a whole number from 1 to 1000$/],
  [{ port: 2000, weight: 1001 }, 'weight', 1001, /a whole number from 1 to 1000$/],
  [{ port: 2000, weight: '3' }, 'weight', '3', /a whole number from 1 to 1000$/],
  [{ socketPath: '/a', backup: 'yes' }, 'backup', 'yes', /true or false$/],
  [{ port: 2000, hostname: 'a' }, 'hostname', 'a', /absent: known are port, host, backup, weight$/],
  [{ socketPath: '/a', port: 2000 }, 'port', 2000, /absent: known are socketPath, backup, weight$/]
]

test('an error about a part of an object names the part', () => {
  for (const [value, part, given, expected] of wrongParts) {
    assert.throws(() => parseUpstream('upstream', value), optionError(`upstream.${part}`, given, expected))
  }
})

test('an error shows no password', () => {
  const secret = 'user:secret@a.example:80'
  for (const value of [
    `http://${secret}`,
    new URL(`http://${secret}#odd`),
    `https://${secret}/#backup,odd`
  ]) {
    assert.throws(
      () => parseUpstream('upstream', value),
      ({ message }: Error) => message.includes('//***@a.example') && !message.includes('secret')
    )
  }
})

test('the name of an upstream names the same upstream', () => {
  const hosts = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map(text => `[${text}]`),
    fc.domain()
  )
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (name, number) => {
      const spec = parseUpstream('upstream', `${name}:${number}`)
      assert.deepEqual(parseUpstream('upstream', spec.name), spec)
      assert.deepEqual(parseUpstream('upstream', `http://${name}:${number}`), spec)
    })
  )
})

test('whatever is given, it is an upstream or an OptionError', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.webUrl({ withFragments: true })),
      value => {
        try {
          const { address, weight } = parseUpstream('upstream', value)
          if (address.socketPath !== undefined) assert.match(address.socketPath, /^\//)
          else assert.ok(address.host !== '' && address.port > 0)
          assert.ok(weight >= 1)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'UP_ERR_OPTION', String(error))
        }
      }
    ),
    { numRuns: 2000 }
  )
})

test('upstreams are a list of at least one', () => {
  assert.deepEqual(
    parseUpstreams('upstreams', [2000, 'unix:/a#backup']).map(({ name }) => name),
    ['localhost:2000', 'unix:/a']
  )
  const expected = /a list of at least one upstream$/
  for (const list of [[], undefined, 2000, 'localhost:2000', { 0: 2000, length: 1 }]) {
    assert.throws(() => parseUpstreams('upstreams', list), optionError('upstreams', list, expected))
  }
})

test('an error about one of several upstreams says which', () => {
  assert.throws(() => parseUpstreams('upstreams', [2000, 'a']), optionError('upstreams[1]', 'a', forms))
  const sparse = [2000]
  sparse[2] = 2002
  assert.throws(() => parseUpstreams('upstreams', sparse), optionError('upstreams[1]', undefined, forms))
})

test('an upstream that is named twice is an error, also by another spelling or in another role', () => {
  for (const again of ['http://LOCALHOST:2000', '2000#backup', { port: 2000, weight: 2 }]) {
    const expected = /another upstream: localhost:2000 is in the list already$/
    assert.throws(
      () => parseUpstreams('upstreams', [2000, again]),
      optionError('upstreams[1]', again, expected)
    )
  }
})

test('upstreams that are all for backup are an error', () => {
  const list = ['2000#backup', '2001#backup,weight=2']
  const expected = /at least one upstream that is no backup$/
  assert.throws(() => parseUpstreams('upstreams', list), optionError('upstreams', list, expected))
})

function show(value: unknown): string {
  return value instanceof URL
    ? `the URL ${value.href}`
    : (JSON.stringify(value) ?? String(value)).slice(0, 60)
}
