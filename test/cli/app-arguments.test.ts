import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get } from '../helpers/cli-app.js'
import { startUp } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

const TELLING = `
module.exports = (req, res) =>
  res.end(JSON.stringify({ argv: process.argv.slice(2), execArgv: process.execArgv, a: process.env.A, b: process.env.B }))
`

interface Told {
  readonly argv: string[]
  readonly execArgv: string[]
  readonly a?: string
  readonly b?: string
}

async function told(url: string): Promise<Told> {
  return JSON.parse(await get(url)) as Told
}

test('What is behind -- is process.argv.slice(2) of the app, whatever node would make of it', async t => {
  const cwd = tempFolder(t, { 'app.js': TELLING })
  const args = ['--verbose', '--env-file', 'none', '-r', '', 'x y']
  const up = startUp(t, ['-p', '0', '-n', '1', '--node-arg', '--no-warnings', 'app.js', '--', ...args], {
    cwd
  })
  const { argv, execArgv } = await told(await up.url())
  assert.deepEqual(argv, args)
  assert.deepEqual(execArgv, ['--no-warnings'])
})

test('--env-file sets the environment of the workers, and a reload picks up a change of the file', async t => {
  const cwd = tempFolder(t, { 'app.js': TELLING, '.env': 'A=file\nB=file' })
  const files = ['--env-file', '.env', '--env-file-if-exists', 'local.env']
  const up = startUp(t, ['-p', '0', '-n', '1', ...files, 'app.js'], { cwd, env: { B: 'process' } })
  const url = await up.url()
  const before = await told(url)
  assert.deepEqual([before.a, before.b], ['file', 'process'])
  write(cwd, 'local.env', 'A=local\n')
  up.proc.kill('SIGUSR2')
  await up.line(/reloaded in/)
  const after = await told(url)
  assert.deepEqual([after.a, after.b], ['local', 'process'])
})

test('--watch reloads when the file of --env-file changes, also where git ignores it', async t => {
  const cwd = tempFolder(t, { 'app.js': TELLING, '.env': 'A=1', '.gitignore': '.env' })
  const up = startUp(t, ['-p', '0', '-n', '1', '--watch', '--env-file', '.env', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/watching/)
  assert.equal((await told(url)).a, '1')
  write(cwd, '.env', 'A=2')
  await up.line(/^up: \.env changed: reloading/)
  await up.line(/reloaded in/)
  assert.equal((await told(url)).a, '2')
})

test('A file of --env-file that is missing gives one line that names it, and no worker starts', async t => {
  const cwd = tempFolder(t, { 'app.js': TELLING })
  const up = startUp(t, ['--env-file', 'none.env', 'app.js'], { cwd })
  // Node looks for such files in the arguments of programs as well, and may be the first to miss one.
  const byNode = (await up.exited) === 9
  if (!byNode) assert.equal(await up.exited, 2)
  const own = `up: --env-file is "${cwd}/none.env", but must be a file that can be read`
  assert.deepEqual(up.lines, [byNode ? `${process.execPath}: none.env: not found` : own])

  const start = 'node --env-file=none.env app.js'
  write(cwd, 'package.json', JSON.stringify({ scripts: { start } }))
  const found = startUp(t, [], { cwd })
  assert.equal(await found.exited, 2)
  assert.deepEqual(found.lines, [own])
})

test('Without a file it runs what npm start would run, with its variables, options and arguments', async t => {
  const start = 'A=script node --env-file=.env --no-warnings app.js one'
  const files = { 'app.js': TELLING, '.env': 'A=file\nB=file' }
  const cwd = tempFolder(t, { ...files, 'package.json': JSON.stringify({ scripts: { start } }) })
  const up = startUp(t, ['-p', '0', '-n', '1', '--', 'two'], { cwd, env: { A: 'process' } })
  await up.line(/serving app\.js \(scripts\.start of package\.json\) with 1 worker/)
  assert.deepEqual(await told(await up.url()), {
    argv: ['one', 'two'],
    execArgv: ['--env-file=.env', '--no-warnings'],
    a: 'script',
    b: 'file'
  })
})
