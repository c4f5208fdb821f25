import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { UpOptions } from '#lib/options/options.js'
import { resolveOptions } from '#lib/options/resolve-options.js'
import { writeApp } from '../helpers/app.js'
import { optionError } from '../helpers/option-error.js'

/** Sets NODE_ENV until the test ends. */
function nodeEnv(t: TestContext, value: string | undefined): void {
  const before = process.env['NODE_ENV']
  const set = (text: string | undefined): void => {
    if (text === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = text
  }
  set(value)
  t.after(() => set(before))
}

for (const env of [undefined, 'production', 'test', 'Development']) {
  test(`With NODE_ENV ${env ?? 'unset'} there is a worker for each CPU and ten minutes to drain`, t => {
    nodeEnv(t, env)
    const { numWorkers, workerTimeoutMs } = resolveOptions()
    assert.deepEqual([numWorkers, workerTimeoutMs], [availableParallelism(), 600_000])
  })
}

test('With NODE_ENV development there is one worker, which drains for half a second', t => {
  nodeEnv(t, 'development')
  const { numWorkers, workerTimeoutMs } = resolveOptions()
  assert.deepEqual([numWorkers, workerTimeoutMs], [1, 500])
})

test('In development, too, what is given counts', t => {
  nodeEnv(t, 'development')
  const { numWorkers, workerTimeoutMs } = resolveOptions({ numWorkers: 3, workerTimeout: 0 })
  assert.deepEqual([numWorkers, workerTimeoutMs], [3, 0])
})

test('Every option has its documented default', t => {
  nodeEnv(t, undefined)
  const execArgv = ['--no-warnings']
  const before = process.execArgv
  process.execArgv = execArgv
  t.after(() => (process.execArgv = before))
  const { trust, ...options } = resolveOptions()
  assert.equal(trust('127.0.0.1'), false)
  assert.deepEqual(options, {
    numWorkers: availableParallelism(),
    workerTimeoutMs: 600_000,
    killTimeoutMs: 5000,
    readyTimeoutMs: 30_000,
    requires: [],
    title: undefined,
    assumeReady: true,
    keepAlive: true,
    minExpectedLifetimeMs: 20_000,
    workerPingIntervalMs: 60_000,
    unresponsiveTimeoutMs: 30_000,
    strategy: 'first',
    surge: 1,
    keepPrevious: false,
    listen: undefined,
    transport: 'proxy',
    workerBind: 'socket',
    cwd: process.cwd(),
    env: {},
    execArgv,
    args: [],
    output: undefined,
    balance: { policy: 'round-robin' },
    maxConnections: 256,
    maxHeld: 1000,
    holdTimeoutMs: 30_000,
    holdFile: undefined,
    holdPollMs: 1000,
    holdResponse: undefined,
    proxyTimeoutMs: 60_000,
    via: 'up',
    healthPrefix: undefined,
    fastPath: true,
    accessLog: undefined
  })
})

test('An option that is undefined has its default', () => {
  assert.equal(resolveOptions({ workerTimeout: undefined } as never).workerTimeoutMs, 600_000)
})

test('The options are frozen, and later changes to what was given have no effect', () => {
  const env = { A: '1' }
  const requires = ['one']
  const options = resolveOptions({ env, requires })
  env.A = '2'
  requires.push('two')
  assert.deepEqual([options.env, options.requires], [{ A: '1' }, ['one']])
  for (const value of [options, options.env, options.requires, options.execArgv, options.args])
    assert.ok(Object.isFrozen(value))
})

test('One module to require first may be given without a list', () => {
  assert.deepEqual(resolveOptions({ requires: 'tsx' }).requires, ['tsx'])
})

test('Pings can be turned off', () => {
  assert.equal(resolveOptions({ workerPingInterval: false }).workerPingIntervalMs, false)
})

test('The working directory is made absolute', () => {
  assert.equal(resolveOptions({ cwd: 'test' }).cwd, join(process.cwd(), 'test'))
})

test('trustProxy takes networks and functions', () => {
  const trusts = (trustProxy: UpOptions['trustProxy'], address: string): boolean =>
    resolveOptions({ trustProxy } as UpOptions).trust(address)
  assert.equal(trusts(true, '8.8.8.8'), true)
  assert.equal(trusts('loopback', '127.0.0.1'), true)
  assert.equal(trusts('loopback', '8.8.8.8'), false)
  assert.equal(trusts('10.0.0.0/8, 192.168.1.1', '192.168.1.1'), true)
  assert.equal(trusts(['10.0.0.0/8'], '10.1.2.3'), true)
  assert.equal(trusts(['10.0.0.0/8'], '11.1.2.3'), false)
  assert.equal(
    trusts(address => address === '1.2.3.4', '1.2.3.4'),
    true
  )
})

const DURATION = /a duration: milliseconds, or a string such as '500ms', '10s' or '2m'/
const POSITIVE = /a duration greater than 0/
const BOOLEAN = /true or false/
const STRING = /a string that is not empty/

const wrong: [keyof UpOptions, unknown, RegExp][] = [
  ['numWorkers', 0, /a whole number from 1 to 1024, or an expression/],
  ['numWorkers', 'cpus +', /a whole number from 1 to 1024, or an expression/],
  ['workerTimeout', 'later', DURATION],
  ['workerTimeout', -1, DURATION],
  ['killTimeout', {}, DURATION],
  ['readyTimeout', '1 lightyear', DURATION],
  ['requires', 7, /a list of strings/],
  ['requires', '', STRING],
  ['title', '', STRING],
  ['title', 'a\0b', STRING],
  ['assumeReady', 'yes', BOOLEAN],
  ['keepAlive', 1, BOOLEAN],
  ['minExpectedLifetime', '-1s', DURATION],
  ['workerPingInterval', true, DURATION],
  ['workerPingInterval', 0, POSITIVE],
  ['unresponsiveTimeout', 0, POSITIVE],
  ['unresponsiveTimeout', 'x', DURATION],
  ['strategy', 'last', /one of 'first', 'all', 'rolling'/],
  ['strategy', ['first'], /one of 'first', 'all', 'rolling'/],
  ['listen', 8080, /an object/],
  ['workerBind', 'pipe', /one of 'socket', 'port'/],
  ['cwd', '/no/such/folder', /an existing folder/],
  ['cwd', 5, STRING],
  ['env', 'A=1', /an object/],
  ['env', ['A=1'], /an object/],
  ['execArgv', '--inspect', /a list of strings/],
  ['args', '-v', /a list of strings/],
  ['surge', 2, /absent where the strategy is not 'rolling', but "first"/],
  ['trustProxy', 5, /true, false, an address or network such as '10\.0\.0\.0\/8'/],
  ['trustProxy', 'everyone', /true, false, an address or network such as '10\.0\.0\.0\/8'/],
  ['maxConnections', 0, /a whole number of 1 or more/],
  ['maxConnections', '8', /a whole number of 1 or more/],
  ['maxHeld', -1, /a whole number of 0 or more/],
  ['maxHeld', 1.5, /a whole number of 0 or more/],
  ['maxHeld', '10', /a whole number of 0 or more/],
  ['holdTimeout', NaN, DURATION],
  ['proxyTimeout', 'forever', DURATION],
  ['via', 'two words', /true, false, or a pseudonym without spaces/],
  ['via', '', /true, false, or a pseudonym without spaces/],
  ['via', 'a\r\nb', /true, false, or a pseudonym without spaces/],
  ['via', 1, /true, false, or a pseudonym without spaces/]
]

for (const [option, value, expected] of wrong) {
  test(`${option}: ${JSON.stringify(value)} is refused with its name, value and expected form`, () => {
    assert.throws(() => resolveOptions({ [option]: value }), optionError(option, value, expected))
  })
}

test('An item of a list is named by its place', () => {
  assert.throws(() => resolveOptions({ requires: ['a', 5] } as never), optionError('requires[1]', 5, STRING))
  assert.throws(() => resolveOptions({ env: { A: 5 } } as never), optionError('env.A', 5, /a string/))
})

test('`surge` is a number of workers, or an expression', () => {
  assert.equal(resolveOptions({ strategy: 'rolling', surge: 'cpus + 1' }).surge, availableParallelism() + 1)
  assert.throws(
    () => resolveOptions({ strategy: 'rolling', surge: 0 }),
    optionError('surge', 0, /a whole number from 1 to 1024, or an expression/)
  )
})

test('Arguments of the app may be empty', () => {
  assert.deepEqual(resolveOptions({ args: ['', '-v'] }).args, ['', '-v'])
  assert.throws(() => resolveOptions({ args: [5] } as never), optionError('args[0]', 5, /a string/))
})

test('A file is no working directory', t => {
  const { file } = writeApp(t, '')
  assert.throws(() => resolveOptions({ cwd: file }), optionError('cwd', file, /an existing folder/))
})

test('An unknown option is refused with the names of those that exist', () => {
  assert.throws(
    () => resolveOptions({ workers: 2 } as UpOptions),
    optionError('option workers', 2, /absent: the options are numWorkers, workerTimeout, .*proxyTimeout/)
  )
})

test('A name that every object has is no option either', () => {
  assert.throws(
    () => resolveOptions(JSON.parse('{"__proto__x": 1, "constructor": 2}') as UpOptions),
    optionError('option __proto__x', 1, /absent/)
  )
})

for (const value of [null, 'fast', 5, []]) {
  test(`${JSON.stringify(value)} in place of the options is refused`, () => {
    assert.throws(() => resolveOptions(value as UpOptions), optionError('options', value, /an object/))
  })
}

test('Each part of `listen` is checked under its own name', () => {
  const wrong: [object, RegExp][] = [
    [{}, /^listen\.port is undefined, but must be a whole number from 0 to 65535$/],
    [{ port: 70_000 }, /^listen\.port is 70000, but must be a whole number from 0 to 65535$/],
    [{ port: 1, host: '' }, /^listen\.host is "", but must be a string that is not empty$/],
    [
      { port: 1, path: 'x' },
      /^listen\.path is "x", but must be absent: what listen takes is port, host, override$/
    ]
  ]
  for (const [listen, message] of wrong)
    assert.throws(() => resolveOptions({ listen } as UpOptions), { code: 'UP_ERR_OPTION', message })
})

for (const [name, value] of Object.entries({
  balance: 'round-robin',
  maxConnections: 10,
  trustProxy: true,
  maxHeld: 10,
  holdTimeout: '1s',
  holdFile: 'balance',
  holdPoll: '1s',
  holdResponse: 'later',
  proxyTimeout: '1s',
  via: false,
  fastPath: true,
  healthPrefix: '/_up',
  accessLog: () => {},
  workerBind: 'port'
})) {
  test(`With transport: 'handoff' the option ${name} is refused with the reason`, () => {
    const message = new RegExp(`^${name} is .*, but must be absent with transport: 'handoff': [a-z]`)
    const options = { transport: 'handoff', [name]: value } as UpOptions
    assert.throws(() => resolveOptions(options), { code: 'UP_ERR_OPTION', message })
  })
}
