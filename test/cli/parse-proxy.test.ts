import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CliProxyOptions } from '#lib/cli/options.js'
import { readAppLine, readProxyLine } from '#lib/cli/parse.js'
import { settleApp } from '#lib/cli/settle-app.js'
import { accept } from '#lib/cli/settle-master.js'
import { settleProxy } from '#lib/cli/settle-proxy.js'
import { UpError } from '#lib/errors.js'
import { controlFolder } from '#lib/instances/control-folder.js'
import { tempFolder } from '../helpers/watch-folder.js'

const INPUT = { env: {}, version: '1.2.3', print: () => assert.fail('nothing was to be printed') }

function parse(args: string[], env: Record<string, string> = {}): CliProxyOptions {
  const line = readProxyLine({ ...INPUT, args, env })
  assert.ok(line)
  return accept(settleProxy(line, { env }))
}

function printed(args: string[]): string {
  let text = ''
  assert.equal(readProxyLine({ ...INPUT, args, print: more => (text += more) }), undefined)
  return text
}

/** Refused on one line. */
function refuses(parsing: () => unknown, code: string, message: RegExp): void {
  assert.throws(parsing, (error: unknown) => {
    assert.ok(error instanceof UpError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
}

test('Only an upstream is needed', () => {
  assert.deepEqual(parse(['2000']), {
    upstreams: ['2000'],
    port: 3000,
    portGiven: false,
    host: undefined,
    pidFile: undefined,
    tls: undefined,
    control: { control: undefined, name: undefined, folder: controlFolder({}) },
    admin: undefined,
    logs: { format: undefined, accessFile: undefined, accessFormat: undefined },
    title: undefined,
    proxy: {}
  })
  assert.equal(parse(['2000'], { PORT: '80' }).port, 80)
})

test('Each option is taken over, under its short name as under its long one', t => {
  const page = `${tempFolder(t, { 'page.html': '<p>soon' })}/page.html`
  const long = [
    ['--port', '80', '--host', '127.0.0.1', '--balance', 'least-requests', '--max-connections', '8'],
    ['--max-held', '6', '--hold-timeout', '7s', '--hold-file', 'balance', '--hold-poll', '2s'],
    ['--hold-response', page, '--proxy-timeout', '5s', '--connect-timeout', '4s'],
    [
      '--host-header',
      'upstream',
      '--health-path',
      '/up',
      '--health-interval',
      '1s',
      '--health-timeout',
      '3s'
    ],
    ['--health-passes', '4', '--health-fails', '5', '--health-status', '200-299,404', '--no-via'],
    ['--name', 'shop', '--control', 'c.sock'],
    ['--admin', '[::1]:9000', '--admin-token', 'correct-horse-battery'],
    ['--log-format', 'json', '--access-log', 'a.log', '--access-format', 'combined'],
    ['--tls-cert', 'c.pem', '--tls-key', 'k.pem', '--pidfile', 'up.pid', '--title', 'shop'],
    ['--timeout', '9s', 'localhost:2000', 'unix:/tmp/b.sock#backup']
  ].flat()
  const expected: CliProxyOptions = {
    upstreams: ['localhost:2000', 'unix:/tmp/b.sock#backup'],
    port: 80,
    portGiven: true,
    host: '127.0.0.1',
    pidFile: 'up.pid',
    tls: { cert: 'c.pem', key: 'k.pem' },
    control: { control: 'c.sock', name: 'shop', folder: controlFolder({}) },
    admin: { address: { host: '::1', port: 9000 }, token: 'correct-horse-battery' },
    logs: { format: 'json', accessFile: 'a.log', accessFormat: 'combined' },
    title: 'shop',
    proxy: {
      balance: 'least-requests',
      maxConnections: 8,
      maxHeld: 6,
      holdTimeout: 7000,
      holdFile: 'balance',
      holdPoll: 2000,
      holdResponse: { headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: '<p>soon' },
      proxyTimeout: 5000,
      connectTimeout: 4000,
      hostHeader: 'upstream',
      healthPath: '/up',
      healthInterval: 1000,
      healthTimeout: 3000,
      healthPasses: 4,
      healthFails: 5,
      healthStatus: '200-299,404',
      via: false,
      closeTimeout: 9000
    }
  }
  assert.deepEqual(parse(long), expected)
  const short: Record<string, string> = { port: 'p', timeout: 't', pidfile: 'f', title: 'T' }
  assert.deepEqual(
    parse(long.map(word => (short[word.slice(2)] ? `-${short[word.slice(2)]}` : word))),
    expected
  )
})

test('The options about holding are those of up <file> as well', t => {
  const page = `${tempFolder(t, { 'page.json': '{}' })}/page.json`
  const args = ['--hold-file', 'balance', '--hold-poll', '2s', '--hold-response', page, 'app.js']
  const line = readAppLine({ ...INPUT, args })
  assert.ok(line)
  assert.deepEqual(accept(settleApp(line, { env: {}, cwd: '/' })).up, {
    holdFile: 'balance',
    holdPoll: 2000,
    holdResponse: { headers: { 'Content-Type': 'application/json' }, body: '{}' }
  })
})

const DURATION = 'but must be a duration'
const WHOLE = 'but must be a whole number from 1 to 100'
/** Options that are wrong by themselves, and what is expected. */
const WRONG: readonly (readonly [name: string, values: readonly string[], expected: string])[] = [
  ['--timeout', ['soon', '-1s', ''], DURATION],
  ['--connect-timeout', ['soon', '0'], DURATION],
  ['--proxy-timeout', ['soon'], DURATION],
  ['--hold-timeout', ['soon'], DURATION],
  ['--host-header', ['server', ''], "but must be one of 'client', 'upstream'"],
  ['--health-path', ['up', '', '/a b'], "but must be a path such as '/up'"],
  ['--hold-file', [''], 'but must be a string that is not empty'],
  ['--title', [''], 'but must be a string that is not empty'],
  ['--hold-response', ['no-such-file', '/', ''], 'but must be a text file in UTF-8'],
  ['--balance', ['fair'], "but must be one of 'round-robin'"],
  ['--max-held', ['1e3', '-1'], 'but must be a whole number'],
  ['--max-connections', ['0'], 'but must be a whole number']
]
/** Options that need others before them. */
const WRONG_WITH: readonly (readonly [string, string, readonly string[], string])[] = [
  ['--health-path=/up', '--health-interval', ['soon', '0'], DURATION],
  ['--health-path=/up', '--health-timeout', ['soon', '0'], DURATION],
  ['--health-path=/up', '--health-passes', ['0', '101', 'two', '1.5'], WHOLE],
  ['--health-path=/up', '--health-fails', ['0', '101', 'two'], WHOLE],
  ['--health-path=/up', '--health-status', ['ok', '2xx', '300-200', ''], 'but must be a status'],
  ['--hold-file=balance', '--hold-poll', ['soon', '0'], DURATION]
]

for (const [before, name, values, expected] of [
  ...WRONG.map(([name, values, expected]) => ['--port=0', name, values, expected] as const),
  ...WRONG_WITH
]) {
  test(`A wrong ${name} is refused with the option, the value and the form that is expected`, () => {
    for (const value of values) {
      const shown = /^\d+$/.test(value) ? `"?${value}"?` : JSON.stringify(value).replace('.', '\\.')
      refuses(
        () => parse([before, `${name}=${value}`, '2000']),
        'UP_ERR_OPTION',
        new RegExp(`^${name} is ${shown}, ${expected}`)
      )
    }
  })
}

test('An option that says nothing without another is refused without it', () => {
  for (const [name, value, other] of [
    ['--hold-poll', '1s', '--hold-file'],
    ['--health-interval', '1s', '--health-path'],
    ['--health-timeout', '1s', '--health-path'],
    ['--health-passes', '1', '--health-path'],
    ['--health-fails', '1', '--health-path'],
    ['--health-status', '200', '--health-path'],
    ['--tls-cert', 'c.pem', '--tls-key'],
    ['--tls-key', 'k.pem', '--tls-cert']
  ] as const)
    refuses(
      () => parse([name, value, '2000']),
      'UP_ERR_OPTION',
      new RegExp(`^${other} is undefined, but must be there, as ${name} is given$`)
    )
})

test('A wrong upstream is refused as <upstream>', () => {
  const cases: [string[], RegExp][] = [
    [['app.js'], /^<upstream> is "app\.js", but must be a port from 1 to 65535, 'host:port'/],
    [['2000', '0'], /^<upstream> is "0", but must be a port from 1 to 65535$/],
    [['https://a'], /^<upstream> is "https:\/\/a", but must be an address that speaks plain HTTP/],
    [['2000#spare'], /^<upstream> is "2000#spare", but must be an upstream with '#backup'/],
    [['2000', 'localhost:2000'], /^<upstream> is "localhost:2000", but must be another upstream/],
    [['2000#backup'], /^<upstream> is \["2000#backup"\], but must be a list with at least one .* no backup$/]
  ]
  for (const [args, message] of cases) refuses(() => parse(args), 'UP_ERR_OPTION', message)
})

test('An unknown option and a missing upstream are refused on one line', () => {
  refuses(() => parse(['--number', '2', '2000']), 'UP_ERR_USAGE', /^unknown option '--number'/)
  refuses(
    () => parse([]),
    'UP_ERR_USAGE',
    /^missing required argument 'upstream', and no configuration file names any$/
  )
  refuses(() => parse(['2000', '-p']), 'UP_ERR_USAGE', /^option '-p, --port <port>' argument missing$/)
})

test('The help is printed by -h and --help, the version by -V', () => {
  assert.match(printed(['--help']), /^Usage: up proxy \[options\] \[upstream\.\.\.\]/)
  assert.equal(printed(['-h']), printed(['--help']))
  assert.equal(printed(['-V']), '1.2.3\n')
})
