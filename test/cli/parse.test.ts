import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { CliOptions } from '#lib/cli/options.js'
import { readAppLine } from '#lib/cli/parse.js'
import { settleApp } from '#lib/cli/settle-app.js'
import { accept } from '#lib/cli/settle-master.js'
import { UpError } from '#lib/errors.js'
import { controlFolder } from '#lib/instances/control-folder.js'
import { inheritedExecArgv } from '#lib/options/exec-argv.js'
import { optionError } from '../helpers/option-error.js'
import { tempFolder } from '../helpers/watch-folder.js'

function parse(args: string[], env: Record<string, string> = {}, cwd = '/'): CliOptions {
  const line = readAppLine({
    args,
    env,
    version: '1.2.3',
    print: () => assert.fail('nothing was to be printed')
  })
  assert.ok(line)
  return accept(settleApp(line, { env, cwd }))
}

function printed(args: string[]): string {
  let text = ''
  assert.equal(readAppLine({ args, env: {}, version: '1.2.3', print: more => (text += more) }), undefined)
  return text
}

function refuses(args: string[], code: string, message: RegExp, env: Record<string, string> = {}): void {
  assert.throws(
    () => parse(args, env),
    (error: unknown) => {
      assert.ok(error instanceof UpError)
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\n/)
      return true
    }
  )
}

test('Only a file is needed', () => {
  assert.deepEqual(parse(['app.js']), {
    file: 'app.js',
    foundIn: undefined,
    env: {},
    envFiles: [],
    port: 3000,
    portGiven: false,
    host: undefined,
    watch: false,
    extensions: [],
    pidFile: undefined,
    tls: undefined,
    control: { control: undefined, name: undefined, folder: controlFolder({}) },
    admin: undefined,
    logs: { format: undefined, accessFile: undefined, accessFormat: undefined },
    up: {}
  })
})

test('Each option is taken over, under its short name as under its long one', () => {
  const long = [
    ['--port', '80', '--host', '127.0.0.1', '--number', '3', '--timeout', '2s', '--watch', '--require', 'a'],
    [
      '--require',
      'b',
      '--keepalive',
      '--pidfile',
      'up.pid',
      '--title',
      'shop',
      '--strategy',
      'rolling',
      '--surge',
      '2'
    ],
    ['--ready-timeout', '3s', '--kill-timeout', '4s', '--proxy-timeout', '5s', '--worker-bind', 'port'],
    ['--balance', 'least-requests', '--max-connections', '8'],
    ['--max-held', '6', '--hold-timeout', '7s', '--ext', 'html,.css', '--ext', '*.d.md'],
    ['--name', 'shop', '--control', 'c.sock'],
    ['--admin', '[::1]:9000', '--admin-token', 'correct-horse-battery'],
    ['--log-format', 'json', '--access-log', 'a.log', '--access-format', 'combined'],
    ['--tls-cert', 'c.pem', '--tls-key', 'k.pem', 'app.js']
  ].flat()
  const expected: CliOptions = {
    file: 'app.js',
    foundIn: undefined,
    env: {},
    envFiles: [],
    port: 80,
    portGiven: true,
    host: '127.0.0.1',
    watch: true,
    extensions: ['html', 'css', 'd.md'],
    pidFile: 'up.pid',
    tls: { cert: 'c.pem', key: 'k.pem' },
    control: { control: 'c.sock', name: 'shop', folder: controlFolder({}) },
    admin: { address: { host: '::1', port: 9000 }, token: 'correct-horse-battery' },
    logs: { format: 'json', accessFile: 'a.log', accessFormat: 'combined' },
    up: {
      numWorkers: 3,
      workerTimeout: 2000,
      readyTimeout: 3000,
      killTimeout: 4000,
      proxyTimeout: 5000,
      holdTimeout: 7000,
      balance: 'least-requests',
      maxConnections: 8,
      maxHeld: 6,
      requires: ['a', 'b'],
      title: 'shop',
      strategy: 'rolling',
      surge: 2,
      workerBind: 'port',
      keepAlive: true
    }
  }
  assert.deepEqual(parse(long), expected)
  const short: Record<string, string> = { port: 'p', number: 'n', timeout: 't', watch: 'w', require: 'r' }
  Object.assign(short, { keepalive: 'k', pidfile: 'f', title: 'T' })
  assert.deepEqual(
    parse(long.map(word => (short[word.slice(2)] ? `-${short[word.slice(2)]}` : word))),
    expected
  )
})

test("Options may follow the file; what is behind -- is the app's", () => {
  assert.equal(parse(['app.js', '-p', '8080']).port, 8080)
  const { file, port, up } = parse(['app.js', '--', '-p', '8080', '', '--', 'x'])
  assert.deepEqual([file, port, up.args], ['app.js', 3000, ['-p', '8080', '', '--', 'x']])
})

test('A timeout of 0 is 0, not the default', () => {
  assert.equal(parse(['-t', '0', 'app.js']).up.workerTimeout, 0)
})

test('The number of workers may be an expression', () => {
  assert.equal(parse(['-n', 'cpus + 2', 'app.js']).up.numWorkers, availableParallelism() + 2)
})

test('--no-keepalive turns the replacement of workers off', () => {
  assert.equal(parse(['--no-keepalive', 'app.js']).up.keepAlive, false)
})

test('The control socket is by name, at a path, or not at all; the last word counts', () => {
  assert.equal(parse(['app.js']).control.control, undefined)
  assert.equal(parse(['--no-control', 'app.js']).control.control, false)
  assert.equal(parse(['--no-control', '--control', 'c.sock', 'app.js']).control.control, 'c.sock')
  refuses(['--control', '', 'app.js'], 'UP_ERR_OPTION', /^--control is "", but must be a string/)
  refuses(['--name', '../x', 'app.js'], 'UP_ERR_OPTION', /^--name is "..\/x", but must be 1 to 64 letters/)
})

test('The port comes from the option, else from env PORT, which may be empty, else it is 3000', () => {
  assert.equal(parse(['-p', '1', 'app.js'], { PORT: '2' }).port, 1)
  assert.equal(parse(['app.js'], { PORT: '2' }).port, 2)
  assert.equal(parse(['app.js'], { PORT: '' }).port, 3000)
  assert.equal(parse(['-p', '0', 'app.js'], { PORT: 'no port' }).port, 0)
})

test('A wrong value is refused with the option, the value and the form that is expected', () => {
  const port = /but must be a port: a whole number from 0 \(any free one\) to 65535$/
  for (const value of ['80x', '', '70000', '-1', '1.5', '0x50', ' 80', '1e3']) {
    refuses(['-p', value, 'app.js'], 'UP_ERR_OPTION', port)
    refuses(['-p', value, 'app.js'], 'UP_ERR_OPTION', new RegExp(`^--port is "${value}", `))
  }
  refuses(['app.js'], 'UP_ERR_OPTION', /^env PORT is "http", but must be a port/, { PORT: 'http' })
  for (const name of [
    '--timeout',
    '--ready-timeout',
    '--kill-timeout',
    '--proxy-timeout',
    '--hold-timeout'
  ]) {
    refuses(
      [name, '5 parsecs', 'app.js'],
      'UP_ERR_OPTION',
      new RegExp(`^${name} is "5 parsecs", but must be a duration`)
    )
    refuses([name, '-5s', 'app.js'], 'UP_ERR_OPTION', new RegExp(`^${name} is "-5s"`))
  }
  refuses(['-n', '0', 'app.js'], 'UP_ERR_OPTION', /^--number is "0.*but must be a whole number from 1/)
  refuses(['-n', 'cpus +', 'app.js'], 'UP_ERR_OPTION', /^--number is "cpus \+"/)
  refuses(
    ['--max-held', '1e3', 'app.js'],
    'UP_ERR_OPTION',
    /^--max-held is "1e3", but must be a whole number/
  )
  refuses(
    ['--max-connections', '0', 'app.js'],
    'UP_ERR_OPTION',
    /^--max-connections is 0, but must be a whole/
  )
  refuses(
    ['--balance', 'fair', 'app.js'],
    'UP_ERR_OPTION',
    /^--balance is "fair", but must be one of 'round-r/
  )
  refuses(
    ['--strategy', 'best', 'app.js'],
    'UP_ERR_OPTION',
    /^--strategy is "best", but must be one of 'first'/
  )
  refuses(
    ['--worker-bind', 'x', 'app.js'],
    'UP_ERR_OPTION',
    /^--worker-bind is "x", but must be one of 'socket'/
  )
  refuses(['--host', '', 'app.js'], 'UP_ERR_OPTION', /^--host is ""/)
  refuses(
    ['--ext', 'js,,css', 'app.js'],
    'UP_ERR_OPTION',
    /^--ext is "js,,css", but must be a list of file ext/
  )
  refuses(['-f', '', 'app.js'], 'UP_ERR_OPTION', /^--pidfile is ""/)
  refuses(['-T', '', 'app.js'], 'UP_ERR_OPTION', /^--title is ""/)
  refuses(['-r', '', 'app.js'], 'UP_ERR_OPTION', /^--require is ""/)
  refuses([''], 'UP_ERR_OPTION', /^<file> is ""/)
})

test('A certificate without its key, or the other way round, is refused', () => {
  refuses(
    ['--tls-cert', 'c.pem', 'app.js'],
    'UP_ERR_OPTION',
    /^--tls-key is undefined.*as --tls-cert is given$/
  )
  refuses(
    ['--tls-key', 'k.pem', 'app.js'],
    'UP_ERR_OPTION',
    /^--tls-cert is undefined.*as --tls-key is given$/
  )
})

test('An unknown option, a missing argument and one too many are refused on one line', () => {
  refuses(['--prot', '80', 'app.js'], 'UP_ERR_USAGE', /^unknown option '--prot' \(Did you mean --port\?\)$/)
  refuses(['a.js', 'b.js'], 'UP_ERR_USAGE', /^too many arguments/)
  refuses(['app.js', '-p'], 'UP_ERR_USAGE', /^option '-p, --port <port>' argument missing$/)
})

test('The help names every option, the defaults and the environment', () => {
  const help = printed(['--help'])
  assert.equal(help, printed(['-h']))
  const names = [
    'port',
    'host',
    'number',
    'timeout',
    'watch',
    'ext',
    'require',
    'keepalive',
    'no-keepalive',
    'pidfile'
  ]
  names.push('title', 'strategy', 'ready-timeout', 'kill-timeout', 'proxy-timeout', 'worker-bind', 'max-held')
  names.push('balance', 'max-connections', 'env-file', 'env-file-if-exists', 'node-arg', 'surge')
  for (const name of [...names, 'hold-timeout', 'tls-cert', 'tls-key', 'version', 'help']) {
    assert.match(help, new RegExp(`--${name}\\b`))
  }
  for (const word of ['PORT', 'NODE_ENV', 'NO_COLOR', '3000', '10m', 'SIGUSR2', 'SIGHUP'])
    assert.ok(help.includes(word))
})

test('-V and --version print the version', () => {
  assert.equal(printed(['-V']), '1.2.3\n')
  assert.equal(printed(['--version']), '1.2.3\n')
})

test('--no-via leaves Via alone, and without it the option has its default', () => {
  assert.equal(parse(['--no-via', 'app.js']).up.via, false)
  assert.ok(!('via' in parse(['app.js']).up))
})

test('--surge needs --strategy rolling', () => {
  const refused = (given: string): RegExp =>
    new RegExp(`^--strategy is ${given}, but must be rolling, as --surge is given$`)
  refuses(['--surge', '2', 'app.js'], 'UP_ERR_OPTION', refused('undefined'))
  refuses(['--surge', '2', '--strategy', 'all', 'app.js'], 'UP_ERR_OPTION', refused('"all"'))
  refuses(
    ['--surge', '0', '--strategy', 'rolling', 'app.js'],
    'UP_ERR_OPTION',
    /^--surge is "0.*, but must be a whole number from 1/
  )
  const { surge } = parse(['--surge', 'max(1, cpus / cpus)', '--strategy', 'rolling', 'app.js']).up
  assert.equal(surge, 1)
})

test('Arguments of node for the workers are added to those of the master', () => {
  const args = ['--node-arg=--max-old-space-size=512', '--node-arg', '--enable-source-maps']
  const { execArgv } = parse([...args, '--node-arg', '-r', '--node-arg', './hook.cjs', 'app.js']).up
  assert.deepEqual(execArgv, [
    ...inheritedExecArgv(),
    '--max-old-space-size=512',
    '--enable-source-maps',
    '-r',
    './hook.cjs'
  ])
})

test('An argument of node that workers cannot have is refused', () => {
  for (const arg of ['-e', '--eval=1', '-p', '-c', '--test', '--watch', '--version', '-']) {
    refuses(
      ['--node-arg', arg, 'app.js'],
      'UP_ERR_OPTION',
      new RegExp(`^--node-arg is "${arg}", but must be an argument with which node runs the app`)
    )
  }
  refuses(
    ['--node-arg=--inspect-brk', 'app.js'],
    'UP_ERR_OPTION',
    /^--node-arg is "--inspect-brk".*--inspect=0/
  )
  refuses(['--node-arg', 'enable-source-maps', 'app.js'], 'UP_ERR_OPTION', /must be one argument of node/)
  refuses(['--node-arg', '--require ./x.js', 'app.js'], 'UP_ERR_OPTION', /must be one argument of node/)
})

test('The files of --env-file are arguments of node, and the port may come from them', t => {
  const cwd = tempFolder(t, { '.env': 'PORT=81\nA=1', 'more.env': 'PORT=82' })
  const files = ['--env-file', '.env', '--env-file-if-exists', 'none.env', 'app.js']
  const { port, envFiles, up } = parse(files, {}, cwd)
  assert.equal(port, 81)
  assert.deepEqual(up.execArgv, [...inheritedExecArgv(), '--env-file=.env', '--env-file-if-exists=none.env'])
  assert.deepEqual(envFiles, [join(cwd, '.env'), join(cwd, 'none.env')])
  assert.equal(parse(['--env-file', 'more.env', ...files], {}, cwd).port, 81)
  assert.equal(parse([...files, '--env-file', 'more.env'], {}, cwd).port, 82)
  // As for node itself, what is set already counts more.
  assert.equal(parse(files, { PORT: '80' }, cwd).port, 80)
  assert.equal(parse(['-p', '79', ...files], {}, cwd).port, 79)
})

test('A file of --env-file that is missing, or cannot be read, is refused', t => {
  const cwd = tempFolder(t, { 'folder/x': '' })
  for (const name of ['none.env', 'folder']) {
    assert.throws(
      () => parse(['--env-file', name, 'app.js'], {}, cwd),
      optionError('--env-file', join(cwd, name), /a file that can be read/)
    )
  }
})

test('There is no control socket with --no-control', () => {
  assert.equal(parse(['--no-control', 'app.js']).control.control, false)
})

test('The admin server is on this machine alone unless a host is named, and its token may come from the environment', () => {
  const token = 'correct-horse-battery'
  assert.equal(parse(['app.js'], { UP_ADMIN_TOKEN: token }).admin, undefined)
  assert.deepEqual(parse(['--admin', '0', 'app.js']).admin, {
    address: { host: '127.0.0.1', port: 0 },
    token: undefined
  })
  assert.deepEqual(parse(['--admin', 'localhost:90', 'app.js'], { UP_ADMIN_TOKEN: token }).admin, {
    address: { host: 'localhost', port: 90 },
    token
  })
  const other = 'another-horse-battery'
  const given = ['--admin', '0.0.0.0:90', '--admin-token', other, 'app.js']
  assert.deepEqual(parse(given, { UP_ADMIN_TOKEN: token }).admin, {
    address: { host: '0.0.0.0', port: 90 },
    token: other
  })
})

test('A wrong admin address or token is refused, and the token is not repeated', () => {
  for (const address of [
    '',
    'x',
    '70000',
    ':9000',
    '::1:9000',
    '[::1]',
    '[1.2.3.4]:9',
    'http://a:9',
    'a b:9'
  ])
    refuses(
      ['--admin', address, 'app.js'],
      'UP_ERR_OPTION',
      /^--admin is .*: a port|^--admin is .*must be a port/
    )
  refuses(['--admin'], 'UP_ERR_USAGE', /--admin <host:port>.*missing/)
  for (const host of ['0.0.0.0', '[::]', '10.0.0.1', 'shop.internal', '128.0.0.1'])
    refuses(['--admin', `${host}:9000`, 'app.js'], 'UP_ERR_OPTION', /^--admin is .*--admin-token/)
  for (const host of ['127.1.2.3', '[::1]', 'localhost', '[::ffff:127.0.0.1]'])
    assert.ok(parse(['--admin', `${host}:9000`, 'app.js']).admin)
  refuses(
    ['--admin-token', 'correct-horse-battery', 'app.js'],
    'UP_ERR_OPTION',
    /^--admin is .*--admin-token/
  )
  for (const token of ['short', 'with spaces in between', 'quotes"are-not-allowed'])
    assert.throws(
      () => parse(['--admin', '0', '--admin-token', token, 'app.js']),
      (error: Error) =>
        /^--admin-token is .* 16 characters/.test(error.message) && !error.message.includes(token)
    )
  refuses(['--admin', '0', 'app.js'], 'UP_ERR_OPTION', /^env UP_ADMIN_TOKEN is/, { UP_ADMIN_TOKEN: 'short' })
})
