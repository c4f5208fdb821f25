import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { appText } from '../helpers/cli-app.js'
import { startProcess, UP, type CliProcess } from '../helpers/cli-process.js'
import { tempFolder } from '../helpers/watch-folder.js'

const skip =
  spawnSync('script', ['--version']).status === 0 ? false : 'needs the script command of util-linux'

/** `up` on a pseudo-terminal of its own; what is written to stdin is typed. */
function startOnTerminal(t: TestContext, env: NodeJS.ProcessEnv = {}, args = '-n 1 app.js'): CliProcess {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  // The shell goes on to say how it left the terminal.
  const command = `'${process.execPath}' '${UP}' ${args} -p 0; echo "code $?"; stty -a | grep -o '.icanon'`
  return startProcess(t, 'script', ['-qfc', command, '/dev/null'], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { TERM: 'xterm', NO_COLOR: '', SHELL: '/bin/sh', ...env }
  })
}

function type(up: CliProcess, keys: string): void {
  up.proc.stdin?.write(keys)
}

test(
  'On a terminal r and Ctrl+R reload, and Ctrl+C ends it and leaves the terminal as it was',
  { skip },
  async t => {
    const up = startOnTerminal(t)
    await up.line(/kill -s SIGUSR2 \d+, or type r or Ctrl\+R/)
    await up.line(/is ready/)
    type(up, 'r')
    await up.line(/reloaded in .* generation 2/)
    await up.line(/has left/)
    type(up, '\x12')
    await up.line(/reloaded in .* generation 3/)
    type(up, '\x1b[A')
    type(up, '\x03')
    await up.line(/Ctrl\+C: exiting/)
    await up.line(/stopped/)
    await up.line(/^code 0$/)
    await up.line(/^ icanon$/)
    assert.equal(up.lines.filter(line => line.includes('reloaded in')).length, 2)
  }
)

test('On a terminal the keys work for up proxy as well', { skip }, async t => {
  const up = startOnTerminal(t, {}, 'proxy 2000')
  await up.url()
  type(up, 'r')
  await up.line(/reloaded in .*: proxying to localhost:2000$/)
  type(up, '\x03')
  await up.line(/Ctrl\+C: exiting/)
  await up.line(/^code 0$/)
  await up.line(/^ icanon$/)
})

test('On a terminal there is colour, unless NO_COLOR is set', { skip }, async t => {
  for (const [value, expected] of [
    ['', true],
    ['1', false]
  ] as const) {
    const up = startOnTerminal(t, { NO_COLOR: value })
    let raw = ''
    up.proc.stdout?.on('data', (text: string) => (raw += text))
    await up.line(/is ready/)
    type(up, '\x03')
    await up.line(/stopped/)
    assert.equal(raw.includes('\x1b[32m'), expected)
  }
})
