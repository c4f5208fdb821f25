import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBalance } from '#lib/options/balance.js'
import { resolveOptions } from '#lib/options/resolve-options.js'
import { optionError } from '../helpers/option-error.js'

const choose = (): never => assert.fail('must not be asked')
const key = (): string => 'key'
const sticky = { policy: 'sticky', by: 'cookie', cookie: 'up-sticky', secret: undefined, lingerMs: 1000 }

const right: [value: unknown, resolved: unknown][] = [
  ['round-robin', { policy: 'round-robin' }],
  ['least-requests', { policy: 'least-requests' }],
  ['random-two', { policy: 'random-two' }],
  ['sticky', sticky],
  [choose, { policy: 'custom', choose }],
  [{ policy: 'sticky' }, sticky],
  [
    { policy: 'sticky', by: 'address' },
    { ...sticky, by: 'address' }
  ],
  [
    { policy: 'sticky', by: key, linger: 0 },
    { ...sticky, by: key, lingerMs: 0 }
  ],
  [
    { policy: 'sticky', by: 'cookie', cookie: 'a.b', secret: 'x'.repeat(16), linger: '2s' },
    { ...sticky, cookie: 'a.b', secret: 'x'.repeat(16), lingerMs: 2000 }
  ]
]

test('balance takes a name, an object for sticky, or a function', () => {
  for (const [value, resolved] of right) {
    assert.deepEqual(parseBalance('balance', value), resolved)
    assert.ok(Object.isFrozen(parseBalance('balance', value)))
  }
  assert.deepEqual(resolveOptions({ balance: 'sticky' }).balance, sticky)
})

const wrong: [value: unknown, option: string, part: unknown, expected: RegExp][] = [
  [
    'random',
    'balance',
    'random',
    /one of 'round-robin', 'least-requests', 'random-two', 'sticky', an object/
  ],
  ['', 'balance', '', /a function \(candidates, req\) => candidate/],
  [3, 'balance', 3, /one of/],
  [null, 'balance', null, /one of/],
  [['sticky'], 'balance', ['sticky'], /an object/],
  [{ policy: 'random-two' }, 'balance.policy', 'random-two', /'sticky'/],
  [{ by: 'cookie' }, 'balance.policy', undefined, /'sticky'/],
  [{ policy: 'sticky', by: 'ip' }, 'balance.by', 'ip', /one of 'cookie', 'address'/],
  [{ policy: 'sticky', by: 4 }, 'balance.by', 4, /a function \(req\) => key/],
  [
    { policy: 'sticky', name: 'x' },
    'balance.name',
    'x',
    /absent: known are policy, by, cookie, secret, linger/
  ],
  [{ policy: 'sticky', cookie: 'a b' }, 'balance.cookie', 'a b', /a name for a cookie/],
  [{ policy: 'sticky', cookie: 'a;b' }, 'balance.cookie', 'a;b', /a name for a cookie/],
  [{ policy: 'sticky', cookie: '' }, 'balance.cookie', '', /a string that is not empty/],
  [{ policy: 'sticky', secret: 'hidden' }, 'balance.secret', '******', /at least 16 characters/],
  [{ policy: 'sticky', secret: 7 }, 'balance.secret', 7, /at least 16 characters/],
  [
    { policy: 'sticky', by: 'address', cookie: 'x' },
    'balance.cookie',
    '*',
    /absent, as balance.by is not 'cookie'/
  ],
  [{ policy: 'sticky', linger: 'soon' }, 'balance.linger', 'soon', /\d/]
]

test('a wrong balance names its part, the value and the expected form', () => {
  for (const [value, option, part, expected] of wrong)
    assert.throws(() => parseBalance('balance', value), optionError(option, part, expected))
  assert.throws(() => resolveOptions({ balance: 'x' as never }), optionError('balance', 'x', /one of/))
})

test('a secret is never shown', () => {
  for (const by of ['cookie', 'address'])
    assert.throws(
      () => parseBalance('balance', { policy: 'sticky', by, secret: 'short' }),
      ({ message }: Error) => !message.includes('short')
    )
})
