import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { AccessEntry } from 'up-server'
import { atEnd } from '../helpers/cli-cleanup.js'
import { get } from '../helpers/cli-app.js'
import { startProcess, startUp, UP, type CliProcess } from '../helpers/cli-process.js'
import { startExternal } from '../helpers/external.js'
import { until } from '../helpers/wait.js'
import { tempFolder } from '../helpers/watch-folder.js'

/** Writes to stdout what it is asked for; to stderr that it was. */
const APP = `
const { createServer } = require('node:http')
module.exports = createServer((req, res) => {
  const text = new URL(req.url, 'http://a').searchParams.get('text')
  if (text !== null) {
    process.stdout.write(text)
    console.error('was asked')
  }
  res.end(String(process.pid))
})
`
const PINO = '{"level":20,"time":5,"msg":"of pino"}'

type Line = Record<string, unknown>

/** The lines that are JSON. */
function parsed(lines: readonly string[]): Line[] {
  return lines.map(line => JSON.parse(line) as Line)
}

/** `up` with what it does by itself off a terminal, unless the arguments say otherwise. */
function start(t: TestContext, args: string[], cwd = tempFolder(t, { 'app.js': APP })): CliProcess {
  return startProcess(t, process.execPath, [UP, '-p', '0', '-n', '1', '--no-control', ...args], { cwd })
}

async function ready(up: CliProcess): Promise<string> {
  const url = await up.url()
  await up.line(/is ready/)
  return url
}

test('Off a terminal all lines are JSON: those of up, of the workers and of pino in them', async t => {
  const up = start(t, ['app.js'])
  const url = await ready(up)
  const worker = Number(await get(`${url}?text=${encodeURIComponent(`plain\n${PINO}\nno end`)}`))
  await up.line(/of pino/)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
  const lines = parsed(up.lines)
  const own = { pid: up.pid, name: 'app' }
  for (const line of lines) assert.ok('msg' in line && 'time' in line && 'level' in line)
  const find = (msg: string): Line => lines.find(line => line['msg'] === msg) ?? {}
  const origin = { worker, generation: 1, stream: 'stdout' }
  const { time: now, ...plain } = find('plain')
  assert.equal(typeof now, 'number')
  assert.deepEqual(plain, { level: 30, ...own, ...origin, msg: 'plain' })
  assert.deepEqual(find('of pino'), { level: 20, time: 5, msg: 'of pino', ...origin })
  assert.deepEqual([find('was asked')['stream'], find('was asked')['level']], ['stderr', 50])
  assert.equal(find('no end')['worker'], worker)
  const { time, ...stopped } = find('stopped')
  assert.ok(Number(time) >= Number(now))
  assert.deepEqual(stopped, { level: 30, ...own, msg: 'stopped' })
})

test('JSON goes to the stream that the line was for, and says that the app does not start', async t => {
  const cwd = tempFolder(t, { 'app.js': 'console.log("out"); console.error("err"); process.exit(3)' })
  const { stdout, stderr, status } = spawnSync(process.execPath, [UP, '-p', '0', '-n', '1', 'app.js'], {
    cwd,
    encoding: 'utf8',
    timeout: 30_000
  })
  assert.equal(status, 1)
  const messages = (text: string): unknown[] => parsed(text.trimEnd().split('\n')).map(line => line['msg'])
  assert.deepEqual(messages(stdout), ['out'])
  assert.ok(messages(stderr).includes('err'))
  assert.ok(messages(stderr).includes('app.js did not start'))
})

test('--log-format raw leaves lines as they come; pretty tells where they come from', async t => {
  for (const [format, prefix] of [
    ['raw', /^$/],
    ['pretty', /^\d+ g1: $/]
  ] as const) {
    const up = start(t, ['--log-format', format, 'app.js'])
    const url = await ready(up)
    const worker = await get(`${url}?text=one%0Atwo%0A`)
    await up.line(/two$/)
    for (const text of ['one', 'two']) {
      const line = up.lines.find(found => found.endsWith(text)) ?? ''
      assert.match(line.slice(0, -text.length), prefix)
      if (format === 'pretty') assert.ok(line.startsWith(`${worker} `))
    }
    up.proc.kill('SIGTERM')
    assert.equal(await up.exited, 0)
    assert.ok(up.lines.includes('up: stopped'))
  }
})

const skip =
  spawnSync('script', ['--version']).status === 0 ? false : 'needs the script command of util-linux'

test('On a terminal each line of a worker has its pid and its generation in front', { skip }, async t => {
  const cwd = tempFolder(t, { 'app.js': APP })
  const command = `'${process.execPath}' '${UP}' -p 0 -n 1 --no-control app.js`
  const up = startProcess(t, 'script', ['-qfc', command, '/dev/null'], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { TERM: 'xterm', SHELL: '/bin/sh' }
  })
  const url = await ready(up)
  const worker = await get(`${url}?text=hello%0A`)
  await up.line(new RegExp(`^${worker} g1: (hello|was asked)$`))
  await up.line(new RegExp(`^${worker} g1: (hello|was asked)$`))
  up.proc.stdin?.write('\x03')
  await up.line(/^up: stopped/)
})

test('--access-log writes a line for each request: to stdout, or appended to a file', async t => {
  const cwd = tempFolder(t, { 'app.js': APP, 'access.log': 'before\n' })
  const toFile = start(t, ['--access-log', 'access.log', '--access-format', 'combined', 'app.js'], cwd)
  const worker = await get(`${await ready(toFile)}/one?a=b`)
  toFile.proc.kill('SIGTERM')
  assert.equal(await toFile.exited, 0)
  const [before, line = '', ...more] = readFileSync(join(cwd, 'access.log'), 'utf8').split('\n')
  assert.deepEqual([before, more], ['before', ['']])
  assert.match(
    line,
    new RegExp(
      `^127\\.0\\.0\\.1 - - \\[.*\\] "GET /one\\?a=b HTTP/1\\.1" 200 \\d+ "-" ".*" id=\\S+ worker=${worker} `
    )
  )
  for (const args of [['--access-log', '--', 'x'], ['--access-log=-'], ['--access-log', '-']]) {
    const [flags, rest] = args[1] === '--' ? [['app.js', '--access-log'], []] : [args, ['app.js']]
    const up = start(t, [...flags, ...rest], cwd)
    await get(`${await ready(up)}/two`)
    await up.line(/"msg":"request"/)
    const entry = parsed(up.lines).find(found => found['msg'] === 'request') as unknown as AccessEntry
    assert.deepEqual([entry.path, entry.status, entry.generation], ['/two', 200, 1])
    up.proc.kill('SIGTERM')
    assert.equal(await up.exited, 0)
  }
})

test('A log file that is moved away is begun anew, and one that is truncated goes on', async t => {
  const cwd = tempFolder(t, { 'app.js': APP })
  const up = start(t, ['--access-log', 'access.log', 'app.js'], cwd)
  const url = await ready(up)
  const path = join(cwd, 'access.log')
  const has = (file: string, text: string): boolean =>
    existsSync(file) && readFileSync(file, 'utf8').includes(text)
  await get(`${url}/first`)
  await until(() => has(path, '/first'))
  renameSync(path, `${path}.1`)
  await get(`${url}/second`)
  await until(() => has(path, '/second'))
  truncateSync(path)
  await get(`${url}/third`)
  await until(() => has(path, '/third'))
  assert.ok(!readFileSync(path, 'utf8').includes('\0'))
  assert.ok(has(`${path}.1`, '/first') && !has(`${path}.1`, '/second') && !has(path, '/second'))
})

test('up proxy has an access log as well, which names the upstream', async t => {
  const a = await startExternal(t, 'a')
  const name = `127.0.0.1:${a.place}`
  const up = startUp(t, [
    'proxy',
    '-p',
    '0',
    '--no-control',
    '--access-log=-',
    '--access-format',
    'dev',
    name
  ])
  await get(`${await up.url()}/x`)
  await up.line(new RegExp(`^GET /x 200 \\S+ ms 1 B \\[${name}\\] upstream \\S+ ms id=\\S+$`))
})

test('What cannot be is refused: a log into the app, a file nobody can write, a log of the handoff', t => {
  const cwd = tempFolder(t, { 'app.js': APP })
  for (const [args, message] of [
    [
      ['--access-log', 'app.js'],
      /--access-log is "app\.js", but must be a file for the log; .*--access-log=-/
    ],
    [
      ['--log-format', 'raw', '--access-log', 'none/a.log', 'app.js'],
      /--access-log is "none\/a\.log", but must be a file that can be written/
    ],
    [
      ['--access-log=-', '--transport', 'handoff', 'app.js'],
      /absent with --transport handoff: the master sees no request/
    ],
    [['--access-format', 'dev', 'app.js'], /--access-log .* as --access-format is given/],
    [['--log-format', 'xml', 'app.js'], /--log-format is "xml", but must be one of 'pretty', 'json', 'raw'/]
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [UP, '-p', '0', ...args], {
      cwd,
      encoding: 'utf8',
      timeout: 30_000
    })
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
  }
  assert.equal(readFileSync(join(cwd, 'app.js'), 'utf8'), APP)
})

test('While nobody reads what a worker floods out, up serves on and does not grow', async t => {
  const flood = `
    const { createServer } = require('node:http')
    const line = 'x'.repeat(1023) + '\\n'
    module.exports = createServer((req, res) => {
      if (req.url === '/flood')
        setInterval(() => process.stdout.writableLength < 1e7 && process.stdout.write(line.repeat(1000)), 1)
      res.end(String(process.pid))
    })`
  const cwd = tempFolder(t, { 'app.js': flood })
  const args = [UP, '-p', '0', '-n', '2', '--no-control', 'app.js']
  const proc = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  atEnd(t, async () => {
    const gone = new Promise(resolve => proc.once('exit', resolve))
    if (proc.exitCode === null && proc.kill('SIGKILL')) await gone
  })
  let said = ''
  proc.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until(() => (said.match(/is ready/g) ?? []).length === 2)
  const url = /http:\/\/localhost:\d+/.exec(said)?.[0] ?? ''
  const memory = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${proc.pid ?? 'self'}/status`, 'utf8'))?.[1] ?? 0)
  const before = memory()
  const flooder = await get(`${url}/flood`)
  const answers = new Set<string>()
  for (let i = 0; i < 100; i++) answers.add(await get(url))
  assert.deepEqual(answers.size, 2)
  assert.ok(answers.has(flooder))
  assert.ok(memory() - before < 50_000, `${before} kB, then ${memory()} kB`)
  // Read again, it comes.
  let bytes = 0
  proc.stdout.on('data', (piece: Buffer) => (bytes += piece.length))
  await until(() => bytes > 20_000_000)
})
