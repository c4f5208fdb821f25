import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpError } from '#lib/errors.js'
import { findStart } from '#lib/cli/find-start.js'
import { parseNodeCommand } from '#lib/cli/node-command.js'
import { optionError } from '../helpers/option-error.js'
import { tempFolder } from '../helpers/watch-folder.js'

const JS = { 'index.js': '', 'server.js': '', 'bin/www': '', 'lib/main.js': '' }

function packageOf(content: object): Record<string, string> {
  return { 'package.json': JSON.stringify(content) }
}

test('A command is read as a shell would', () => {
  assert.deepEqual(
    parseNodeCommand(`A=1 B="x y" node -r ./a.cjs --import tsx --no-warnings app.ts -v 'a b' c\\ d ""`),
    {
      env: { A: '1', B: 'x y' },
      nodeArgs: ['-r', './a.cjs', '--import', 'tsx', '--no-warnings'],
      file: 'app.ts',
      args: ['-v', 'a b', 'c d', '']
    }
  )
  assert.deepEqual(parseNodeCommand('cross-env NODE_ENV=production node --env-file .env ./bin/www'), {
    env: { NODE_ENV: 'production' },
    nodeArgs: ['--env-file', '.env'],
    file: './bin/www',
    args: []
  })
})

test('A command that is more than one module under node is not taken for one', () => {
  const others = [
    'next start',
    'up server.js',
    'node',
    'node -v',
    'node -r',
    '',
    'PORT=1',
    './node x.js',
    'tsx a.ts'
  ]
  const shells = [
    'node a.js; b',
    'tsc && node a.js',
    'node a.js | pino',
    'node $FILE',
    'node "$FILE"',
    'node `a`'
  ]
  const open = ['node "a.js', "node 'a.js", 'node a.js \\', 'node *.js', 'node a.js > log', 'node a.js # x']
  for (const text of [...others, ...shells, ...open]) assert.equal(parseNodeCommand(text), undefined, text)
})

test('scripts.start comes first, then main, then index.js, then server.js', t => {
  const start = { scripts: { start: 'PORT=81 node --no-warnings lib/main.js x' }, main: 'server.js' }
  assert.deepEqual(findStart(tempFolder(t, { ...JS, ...packageOf(start) })), {
    env: { PORT: '81' },
    nodeArgs: ['--no-warnings'],
    file: 'lib/main.js',
    args: ['x'],
    foundIn: 'scripts.start of package.json'
  })
  const named = (content: object, files: Record<string, string> = JS): [string, string | undefined] => {
    const { file, foundIn } = findStart(tempFolder(t, { ...files, ...packageOf(content) }))
    return [file, foundIn]
  }
  const main = 'main of package.json'
  assert.deepEqual(named({ scripts: { start: 'next start' }, main: 'server.js' }), ['server.js', main])
  assert.deepEqual(named({ scripts: { start: 'up' }, main: './lib/main' }), ['./lib/main', main])
  assert.deepEqual(named({ main: 'lib' }, { ...JS, 'lib/index.js': '' }), ['lib', main])
  assert.deepEqual(named({ main: 'dist/none.js' }), ['index.js', 'the working directory'])
  assert.deepEqual(named({ main: 7, scripts: null }), ['index.js', 'the working directory'])
  assert.deepEqual(named({}, { 'server.js': '' }), ['server.js', 'the working directory'])
  assert.equal(findStart(tempFolder(t, { 'index.js': '' })).file, 'index.js')
})

test('Where there is nothing to run, the error names what was found and what was expected', t => {
  const refuses = (files: Record<string, string>, message: RegExp): void =>
    assert.throws(
      () => findStart(tempFolder(t, files)),
      (error: unknown) =>
        error instanceof UpError && error.code === 'UP_ERR_USAGE' && message.test(error.message)
    )
  refuses({}, /scripts\.start is missing.*"node server\.js"; main is missing/)
  refuses(
    packageOf({ scripts: { start: 'tsc && node dist/app.js' }, main: 'dist/app.js' }),
    /scripts\.start is "tsc && node dist\/app\.js", but.*main is "dist\/app\.js", but must be a module that exists/
  )
  refuses({ 'package.json': '{', 'index.js': '' }, /package\.json cannot be read/)
})

test('A scripts.start whose file is missing, or that has options workers cannot have, is refused', t => {
  const withStart = (start: string): string => tempFolder(t, { ...JS, ...packageOf({ scripts: { start } }) })
  assert.throws(
    () => findStart(withStart('node dist/app.js')),
    optionError('the file in scripts.start', 'dist/app.js', /a module that exists/)
  )
  assert.throws(
    () => findStart(withStart('node --watch server.js')),
    optionError('an option of node in scripts.start', '--watch', /with which node runs the app/)
  )
})
