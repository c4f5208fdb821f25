import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { checkExecArgv, inheritedExecArgv } from '#lib/options/exec-argv.js'
import { fixture } from '../helpers/app.js'
import { optionError } from '../helpers/option-error.js'

test('Workers inherit the arguments that are for every process', () => {
  const shared = ['--max-old-space-size=512', '--enable-source-maps', '-r', './hook.cjs', '--import', 'tsx']
  assert.deepEqual(inheritedExecArgv(shared), shared)
})

test('Workers do not inherit what is for the master alone', () => {
  const own = ['--input-type=module', '-e', 'import "x"', '--inspect', '--inspect-brk=127.0.0.1:0', '--test']
  assert.deepEqual(
    inheritedExecArgv([...own, '--test-concurrency=2', '--watch', '--watch-path=lib', '-i']),
    []
  )
  assert.deepEqual(inheritedExecArgv(['--input-type', 'module', '--eval=1', '--no-warnings']), [
    '--no-warnings'
  ])
})

test('What is given for workers must leave them their program', () => {
  const good = [
    '--import',
    'tsx',
    '--inspect=0',
    '--title=a b',
    '-C',
    'dev',
    '--env-file=my file',
    '--no-deprecation'
  ]
  assert.deepEqual(checkExecArgv('execArgv', good), good)
  const program = /with which node runs the app/
  assert.throws(
    () => checkExecArgv('execArgv', ['-r', 'x', '-pe']),
    optionError('execArgv[2]', '-pe', program)
  )
  assert.throws(
    () => checkExecArgv('execArgv', ['--inspect-wait=0']),
    optionError('execArgv[0]', '--inspect-wait=0', /--inspect=0/)
  )
  assert.throws(
    () => checkExecArgv('execArgv', ['--a=b', 'c']),
    optionError('execArgv[1]', 'c', /one argument/)
  )
})

test('A master that is itself given by -e serves', async () => {
  const script = `
    import { createServer } from 'node:http'
    import { once } from 'node:events'
    import up from 'up-server'
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const srv = up(server, ${JSON.stringify(fixture('app.mjs'))}, { numWorkers: 1, readyTimeout: '20s' })
    const answer = await fetch('http://127.0.0.1:' + server.address().port + '/pid')
    console.log(answer.status)
    await srv.close()`
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000
  })
  assert.equal((await run).stdout.trim(), '200')
})
