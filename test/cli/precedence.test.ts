import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accept } from '#lib/cli/settle-master.js'
import { messagesOf, settled, settledProxy } from '../helpers/config-cli.js'

test('An option counts more than the environment, that more than the file, and that more than the default', () => {
  const file = { numWorkers: 3 }
  const env = { UP_NUMBER: '4' }
  const args = ['-n', '5', 'app.js']
  const numWorkersOf = (asked: object): unknown => accept(settled(asked)).up.numWorkers
  assert.equal(numWorkersOf({ args, env, file }), 5)
  assert.equal(numWorkersOf({ env, file }), 4)
  assert.equal(numWorkersOf({ file }), 3)
  assert.equal(numWorkersOf({}), undefined)
})

test('Each setting says where it comes from', () => {
  const { settings } = settled({
    args: ['-n', '5', 'app.js', '--', '--verbose'],
    env: { UP_STRATEGY: 'all', PORT: '80', UP_HOST: '' },
    file: { readyTimeout: '3s', port: 8080, watch: true, host: '::1' }
  })
  const places = Object.fromEntries([...settings].map(([name, { from }]) => [name, from.place]))
  assert.deepEqual(places, {
    numWorkers: '--number',
    file: 'the command line',
    args: 'the command line',
    strategy: 'env UP_STRATEGY',
    port: 'env PORT',
    readyTimeout: 'up.config.js',
    watch: 'up.config.js',
    host: 'up.config.js'
  })
})

test('The file has everything that the command takes, and the options of the library that it does not', () => {
  const options = accept(
    settled({
      args: [],
      file: {
        file: 'app.js',
        port: 8080,
        host: '127.0.0.1',
        tlsCert: 'a.pem',
        tlsKey: 'b.pem',
        pidFile: 'up.pid',
        name: 'shop',
        control: false,
        watch: true,
        extensions: ['html', 'css'],
        optionalEnvFiles: '.env',
        nodeArgs: ['--enable-source-maps'],
        requires: ['a'],
        numWorkers: 'cpus + 1',
        workerTimeout: '1m',
        balance: { policy: 'sticky', by: 'address' },
        env: { COLOUR: 'red' },
        args: ['--verbose'],
        assumeReady: false,
        via: 'edge',
        holdResponse: 'wait',
        title: undefined
      }
    })
  )
  const { up, port, portGiven, host, tls, pidFile, control, watch, extensions, file } = options
  assert.deepEqual(
    { port, portGiven, host, tls, pidFile, watch, extensions, file },
    {
      port: 8080,
      portGiven: true,
      host: '127.0.0.1',
      tls: { cert: 'a.pem', key: 'b.pem' },
      pidFile: 'up.pid',
      watch: true,
      extensions: ['html', 'css'],
      file: 'app.js'
    }
  )
  assert.deepEqual([control.name, control.control], ['shop', false])
  assert.deepEqual(up.execArgv?.slice(-2), ['--env-file-if-exists=.env', '--enable-source-maps'])
  assert.deepEqual(up, {
    execArgv: up.execArgv,
    requires: ['a'],
    numWorkers: 'cpus + 1',
    workerTimeout: '1m',
    balance: { policy: 'sticky', by: 'address' },
    env: { COLOUR: 'red' },
    args: ['--verbose'],
    assumeReady: false,
    via: 'edge',
    holdResponse: 'wait'
  })
})

test('env PORT counts more than the port of the file, less than UP_PORT, and leaves the port to up', () => {
  const file = { port: 8080 }
  const portOf = (asked: object): [number, boolean] => {
    const { port, portGiven } = accept(settled(asked))
    return [port, portGiven]
  }
  assert.deepEqual(portOf({ file }), [8080, true])
  assert.deepEqual(portOf({ file, env: { PORT: '1' } }), [1, true])
  assert.deepEqual(portOf({ file, env: { PORT: '1', UP_PORT: '2' } }), [2, true])
  assert.deepEqual(portOf({ file, env: { PORT: '1', UP_PORT: '2' }, args: ['-p', '3', 'app.js'] }), [3, true])
  assert.deepEqual(portOf({ env: { PORT: '1' } }), [1, false])
})

test('A variable reads as its flag does: switches, lists, pairs with --no-', () => {
  const { watch, extensions, up, control } = accept(
    settled({
      env: {
        UP_WATCH: '1',
        UP_EXT: 'html,css',
        UP_KEEPALIVE: 'false',
        UP_VIA: 'false',
        UP_CONTROL: 'false',
        UP_REQUIRE: `a 'b c'`,
        UP_TIMEOUT: '2s'
      }
    })
  )
  assert.deepEqual([watch, extensions, control.control], [true, ['html', 'css'], false])
  assert.deepEqual(up, { keepAlive: false, via: false, requires: ['a', 'b c'], workerTimeout: 2000 })
})

test('What is given in one place may need what is given in another', () => {
  assert.equal(
    accept(settled({ args: ['--surge', '2', 'app.js'], file: { strategy: 'rolling' } })).up.surge,
    2
  )
  assert.deepEqual(messagesOf(settled({ file: { strategy: 'all' }, env: { UP_SURGE: '2' } })), [
    'up.config.js: strategy is "all", but must be rolling, as env UP_SURGE is given'
  ])
  assert.deepEqual(messagesOf(settled({ file: { tlsCert: 'a.pem' } })), [
    'up.config.js: tlsKey is undefined, but must be there, as up.config.js: tlsCert is given'
  ])
  assert.deepEqual(
    messagesOf(settled({ file: { balance: 'sticky' }, args: ['--transport', 'handoff', 'app.js'] })),
    [
      `up.config.js: balance is "sticky", but must be absent with transport: 'handoff': connections are balanced, not requests`
    ]
  )
})

test('All that is wrong is told, each with its place, its value and what was wanted', () => {
  const found = messagesOf(
    settled({
      args: ['-p', '80x'],
      env: { UP_MAX_HELD: 'x', UP_KEEPALIVE: 'maybe', UP_NODE_ARG: '$HOME', PORT: 'y' },
      file: { file: 7, numWorkers: 'zwei', env: { A: 1 }, watch: 'yes', envFiles: [''], workerTimout: 3 }
    })
  )
  const expected = [
    /^--port is "80x", but must be a port/,
    /^env UP_KEEPALIVE is "maybe", but must be true or false$/,
    /^env UP_MAX_HELD is "x", but must be a whole number of 0 or more$/,
    /^env UP_NODE_ARG is "\$HOME", but must be words with spaces in between/,
    /^up\.config\.js: watch is "yes", but must be true or false$/,
    /^up\.config\.js: envFiles is "", but must be a string that is not empty$/,
    /^up\.config\.js: workerTimout is 3, but there is no such setting: did you mean workerTimeout\?$/,
    /^up\.config\.js: numWorkers is "zwei", but must be a whole number from 1 to 1024/,
    /^up\.config\.js: env\.A is 1, but must be a string$/,
    /^up\.config\.js: file is 7, but must be a string that is not empty$/
  ]
  for (const pattern of expected)
    assert.ok(
      found.some(message => pattern.test(message)),
      `${String(pattern)}\n${found.join('\n')}`
    )
  assert.equal(found.length, expected.length, found.join('\n'))
})

test('The name of a flag in a file gets the name of the setting; what nobody knows gets all names', () => {
  assert.deepEqual(
    messagesOf(settled({ file: { number: 3, 'max-held': 3, listen: 1, execArgv: [], config: 'a' } })),
    [
      'up.config.js: number is 3, but there is no such setting: did you mean numWorkers?',
      'up.config.js: max-held is 3, but there is no such setting: did you mean maxHeld?',
      'up.config.js: listen is 1, but there is no such setting: port and host say that',
      'up.config.js: execArgv is [], but there is no such setting: nodeArgs says that',
      'up.config.js: config is "a", but there is no such setting: a file cannot name another'
    ]
  )
  assert.match(
    messagesOf(settled({ file: { colour: 1 } })).join(),
    /no such setting: known are file, proxy, port, host/
  )
})

test('up proxy takes the part proxy of the file, and upstreams from there unless some are typed', () => {
  const file = { numWorkers: 3, port: 1, proxy: { upstreams: [2000, 2001], port: 4000, healthPath: '/up' } }
  const { upstreams, port, proxy } = accept(settledProxy({ args: [], file }))
  assert.deepEqual(
    { upstreams, port, proxy },
    { upstreams: [2000, 2001], port: 4000, proxy: { healthPath: '/up' } }
  )
  assert.deepEqual(accept(settledProxy({ args: ['3000'], file })).upstreams, ['3000'])
  assert.equal(accept(settledProxy({ file, env: { UP_PORT: '5' } })).port, 5)
  const wrong = messagesOf(settledProxy({ file: { proxy: { upstreams: 'x', numWorkers: 3 } } }))
  assert.equal(wrong.length, 1)
  assert.match(
    wrong[0] ?? '',
    /^up\.config\.js: proxy\.numWorkers is 3, but there is no such setting: known are upstreams, port, host, /
  )
  assert.match(
    messagesOf(settledProxy({ args: [], file: { proxy: { upstreams: [] } } })).join(),
    /proxy\.upstreams is \[\], but must be/
  )
  assert.match(
    messagesOf(settledProxy({ file: { proxy: 2000 } })).join(),
    /^up\.config\.js: proxy is 2000, but must be an object/
  )
})
