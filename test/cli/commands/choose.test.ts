import assert from 'node:assert/strict'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '#lib/cli/commands/commands.js'
import { STEERING } from '#lib/cli/commands/steering.js'
import { yard } from '../../helpers/command.js'

test('Without a name the only one that runs is meant; several, or a wrong name, are told of with exit code 2', async t => {
  const { serve, run, cwd, folder } = yard(t)
  assert.deepEqual(await run('status'), {
    code: 2,
    stdout: '',
    stderr: `up: no up runs: there is no control socket in ${folder}\n`
  })
  await serve(['-n', '1', '--name', 'shop', 'app.js'])
  assert.match((await run('status')).stdout, /^shop  running  /)
  await serve(['-n', '1', '--name', 'api', 'app.js'])
  for (const [args, message] of [
    [['status'], 'say which one is meant: there is api, shop'],
    [['reload'], 'say which one is meant: there is api, shop'],
    [['status', 'shopp'], 'no up is called "shopp": there is api, shop'],
    [['stop', '../shop'], 'no up is called "../shop": there is api, shop'],
    [['status', '--control', 'none.sock'], 'nobody answers at the control socket none.sock'],
    [
      ['status', 'api', '--control', 'none.sock'],
      '--control is "none.sock", but must be absent, as a name is given'
    ]
  ] as const)
    assert.deepEqual(await run(...args), { code: 2, stdout: '', stderr: `up: ${message}\n` })
  assert.match((await run('status', 'api')).stdout, /^api  running  /)
  assert.match((await run('status', '--control', join(folder, 'api.sock'))).stdout, /^api  running  /)
  assert.equal(existsSync(join(cwd, 'none.sock')), false)
})

test('Sockets in a folder that others may write to are not believed', async t => {
  const { serve, run, folder } = yard(t)
  await serve(['-n', '1', '--name', 'shop', 'app.js'])
  chmodSync(folder, 0o777)
  for (const command of ['ls', 'status', 'reload']) {
    const { code, stdout, stderr } = await run(command)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /^up: the folder of control sockets, .*, can't be used: its mode is 777, but must be 700\n$/
    )
  }
})

test('The name of a command counts as the first word only; ./status is a file', async t => {
  const { serve, run } = yard(t, { 'status.js': "module.exports = (req, res) => res.end('I am a file')\n" })
  const up = await serve(['-n', '1', '--no-control', './status'])
  assert.equal(await (await fetch(await up.url())).text(), 'I am a file')
  assert.equal((await run('status')).code, 2)
})

test('Wrong usage of a command is told on one line, with exit code 2', async t => {
  const { serve, run } = yard(t)
  await serve(['-n', '1', '--name', 'shop', 'app.js'])
  for (const [args, message] of [
    [['status', '--jsonn'], /^up: unknown option '--jsonn'.*\n$/],
    [['status', 'shop', 'more'], /^up: too many arguments.*\n$/],
    [['scale'], /^up: missing required argument 'n'\n$/],
    [['scale', '0'], /^up: <n> is "0.*but must be a whole number from 1 to 1024.*\n$/],
    [['reload', '--canary', '2'], /^up: --canary is "2", but must be a share of the clients.*\n$/],
    [['pause', '--timeout', 'soon'], /^up: --timeout is "soon", but must be a duration.*\n$/],
    [['resume', '--rate', '0'], /^up: --rate is "0", but must be a number.*\n$/],
    [
      ['upstreams', '--add', '1', '--remove', '2'],
      /^up: --remove is "2", but must be absent, as --add is given\n$/
    ],
    [
      ['upstreams', '--timeout', '1s'],
      /^up: --drain is undefined, but must be there, as --timeout is given\n$/
    ],
    [['completion', 'tcsh'], /^up: <shell> is "tcsh", but must be one of 'bash', 'zsh', 'fish'\n$/]
  ] as const) {
    const { code, stdout, stderr } = await run(...args)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, message)
  }
})

test('Each command has a help, and up --help names them all', async t => {
  const { run } = yard(t)
  const all = (await run('--help')).stdout
  for (const { name, flags } of COMMANDS) {
    assert.match(all, new RegExp(`^  up ${name} `, 'm'))
    const { code, stdout } = await run(name, '--help')
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^Usage: up ${name} \\[options\\]`))
    for (const flag of flags) assert.ok(stdout.includes(flag.flags), flag.flags)
  }
})

test('A master that is stopped by SIGSTOP is told of in seconds, with exit code 1', async t => {
  const { serve, run } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const live = await serve(['-n', '1', '--name', 'live', 'app.js'])
  assert.ok(up.pid > 0 && live.pid > 0)
  up.proc.kill('SIGSTOP')
  try {
    for (const command of ['status', 'reload', 'stop', 'pause']) {
      const { code, stderr } = await run(command, 'shop')
      assert.equal(code, 1)
      assert.match(
        stderr,
        /^up: the up at .*shop\.sock does not answer within 5 s: it is stopped, or blocked\n$/
      )
    }
    const { code, stdout } = await run('ls')
    assert.equal(code, 0)
    assert.match(stdout, /^live +\d+ +running /m)
    assert.match(stdout, /^shop +- +no answer /m)
  } finally {
    up.proc.kill('SIGCONT')
  }
  // What it did not take is not done when it goes on.
  assert.match((await run('status', 'shop')).stdout, /^shop  running  .*\n.*held 0, /)
})

test('A master that is stopped in the middle of a reload is told of as well', async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const { writeFileSync } = await import('node:fs')
  writeFileSync(join(cwd, 'app.js'), 'setInterval(() => {}, 1000)')
  const reload = run('reload')
  await up.line(/the control API: reloading/)
  up.proc.kill('SIGSTOP')
  try {
    const { code, stderr } = await reload
    assert.equal(code, 1)
    assert.match(stderr, /does not answer within 5 s/)
  } finally {
    up.proc.kill('SIGCONT')
  }
})

test('Every command that steers takes --control', () => {
  for (const { name, takesName, flags } of STEERING)
    assert.equal(
      flags.some(one => one.flags === '--control <path>'),
      takesName,
      name
    )
})
