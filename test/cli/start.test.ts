import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { test } from 'node:test'
import { appText, get } from '../helpers/cli-app.js'
import { allGone, isAlive, startUp } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

const MARKING = `require('node:fs').writeFileSync('loaded', '')\n${appText('marked')}`

test('It says what it serves, where it listens, its pid, how to reload, and which workers are ready', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello'), 'package.json': '{"version":"1.4.0"}' })
  const up = startUp(t, ['-p', '0', '-n', '2', 'app.js'], { cwd })
  await up.line(/serving app\.js 1\.4\.0 with 2 workers/)
  const listening = await up.line(/listening on (http:\/\/localhost:\d+) \(all interfaces\), pid (\d+)/)
  assert.equal(Number(listening[2]), up.pid)
  await up.line(new RegExp(`kill -s SIGUSR2 ${up.pid}$`))
  await up.line(/worker \d+ is ready after [\d.]+ m?s/)
  assert.equal(await get(listening[1] ?? ''), 'hello')
})

test('It listens on all interfaces, IPv4 and IPv6, and with --host only there', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const all = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  const { port } = new URL(await all.url())
  assert.equal(await get(`http://127.0.0.1:${port}`), 'hello')
  if (await hasIPv6()) assert.equal(await get(`http://[::1]:${port}`), 'hello')

  const one = startUp(t, ['-p', '0', '-n', '1', '--host', '127.0.0.1', 'app.js'], { cwd })
  const url = await one.url()
  assert.match(url, /^http:\/\/127\.0\.0\.1:/)
  assert.equal(await get(url), 'hello')
  await assert.rejects(get(url.replace('127.0.0.1', '127.0.0.2')))
})

test('The port is that of env PORT', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const port = await freePort()
  const up = startUp(t, ['-n', '1', 'app.js'], { cwd, env: { PORT: String(port) } })
  assert.equal(new URL(await up.url()).port, String(port))
})

test('A wrong command line gives one line on stderr and exit code 2', async t => {
  const cwd = tempFolder(t, { 'app.js': MARKING })
  const cases: [string[], RegExp][] = [
    [['-p', '80x', 'app.js'], /^up: --port is "80x", but must be a port/],
    [['--nope', 'app.js'], /^up: unknown option '--nope'/],
    [[], /^up: no file was given, and package\.json names none to run: scripts\.start is missing/],
    [['missing.js'], /^up: file is "missing\.js", but must be the path of a module that exists/],
    [
      ['--tls-cert', 'no.pem', '--tls-key', 'no.pem', 'app.js'],
      /^up: --tls-cert is "no\.pem", but must be a file/
    ]
  ]
  for (const [args, expected] of cases) {
    const up = startUp(t, args, { cwd })
    assert.equal(await up.exited, 2, args.join(' '))
    assert.equal(up.lines.length, 1, up.lines.join('\n'))
    assert.match(up.lines[0] ?? '', expected)
  }
  const up = startUp(t, ['app.js'], { cwd, env: { PORT: 'http' } })
  assert.equal(await up.exited, 2)
  assert.match(up.lines.join('\n'), /^up: env PORT is "http", but must be a port: [^\n]*$/)
  assert.equal(existsSync(join(cwd, 'loaded')), false)
})

test('--help and --version go to stdout, with exit code 0', async t => {
  const help = startUp(t, ['--help'], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.equal(await help.exited, 0)
  assert.match(help.lines.join('\n'), /^Usage: up \[options\] \[file\] \[-- <arguments of the app>\]/)
  const version = startUp(t, ['--version'], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.equal(await version.exited, 0)
  const { version: expected } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  assert.deepEqual(version.lines, [expected])
})

test('A port that is taken gives one line and exit code 1, and no worker was started', async t => {
  const cwd = tempFolder(t, { 'app.js': MARKING })
  const other = createServer().listen(0)
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const up = startUp(t, ['-p', String(port), '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await up.exited, 1)
  assert.deepEqual(up.lines, [
    `up: cannot listen on all interfaces, port ${port}: the port is taken by another process (EADDRINUSE)`
  ])
  assert.equal(existsSync(join(cwd, 'loaded')), false)
  assert.equal(existsSync(join(cwd, 'up.pid')), false)
})

test('An address that is not of this machine gives one line and exit code 1', async t => {
  const cwd = tempFolder(t, { 'app.js': MARKING })
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    const up = startUp(t, ['-p', '0', '--host', host, 'app.js'], { cwd })
    assert.equal(await up.exited, 1)
    assert.equal(up.lines.length, 1, up.lines.join('\n'))
    assert.match(
      up.lines[0] ?? '',
      new RegExp(`^up: cannot listen on ${host} port 0: (this machine|there is no host)`)
    )
  }
  assert.equal(existsSync(join(cwd, 'loaded')), false)
})

const BROKEN = {
  'throws at import': `throw new Error('boom at import')`,
  'has a syntax error': `const = 1 // boom`,
  'exits by itself': `console.error('boom'); process.exit(7)`,
  'exports nothing that can serve': `module.exports = { boom: 1 }`
}
for (const [how, text] of Object.entries(BROKEN)) {
  test(`An app that ${how} at the first start: its error, exit code 1, and nothing is left`, async t => {
    const cwd = tempFolder(t, { 'app.js': text })
    const up = startUp(t, ['-p', '0', '-n', '2', '-f', 'up.pid', 'app.js'], { cwd })
    assert.equal(await up.exited, 1)
    const all = up.lines.join('\n')
    assert.match(all, /boom/)
    assert.match(all, /up: worker \d+ of .*app\.js failed to start/)
    assert.match(all, /up: app\.js did not start/)
    assert.equal(existsSync(join(cwd, 'up.pid')), false)
    await allGone([...all.matchAll(/worker (\d+)/g)].map(match => Number(match[1])))
  })
}

test('An app that never listens fails the first start when --ready-timeout is over', async t => {
  const cwd = tempFolder(t, { 'app.js': 'module.exports = { listen() { return new Promise(() => {}) } }' })
  const up = startUp(t, ['-p', '0', '-n', '1', '--ready-timeout', '300ms', 'app.js'], { cwd })
  assert.equal(await up.exited, 1)
  assert.match(up.lines.join('\n'), /did not listen within 300 ms/)
})

test('An engines.node that does not allow this Node: one line that says so, and exit code 1', async t => {
  const cwd = tempFolder(t, { 'app.js': MARKING, 'package.json': '{"engines":{"node":"<1"}}' })
  const up = startUp(t, ['-p', '0', '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await up.exited, 1)
  assert.equal(up.lines.length, 1, up.lines.join('\n'))
  assert.match(up.lines[0] ?? '', /asks for Node <1 \(engines\.node\)/)
  assert.equal(existsSync(join(cwd, 'loaded')), false)
  assert.equal(existsSync(join(cwd, 'up.pid')), false)
})

test('The pid file holds the pid while it runs, and is refused to a second up', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const file = join(cwd, 'up.pid')
  const up = startUp(t, ['-p', '0', '-n', '1', '-f', 'up.pid', 'app.js'], { cwd })
  const url = await up.url()
  assert.equal(readFileSync(file, 'utf8'), `${up.pid}\n`)

  const second = startUp(t, ['-p', '0', '-n', '1', '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await second.exited, 1)
  assert.deepEqual(second.lines, [
    `up: the pid file ${file} belongs to another up that is running, with pid ${up.pid}`
  ])
  assert.equal(readFileSync(file, 'utf8'), `${up.pid}\n`)
  assert.equal(await get(url), 'hello')

  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
  assert.equal(existsSync(file), false)
})

test('The pid file of a master that has a title is refused as well', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const up = startUp(t, ['-p', '0', '-n', '1', '-T', 'shop', '-f', 'up.pid', 'app.js'], { cwd })
  await up.url()
  const second = startUp(t, ['-p', '0', '-n', '1', '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await second.exited, 1)
})

test('The pid file of a master that was killed does not block the next start', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const first = startUp(t, ['-p', '0', '-n', '1', '-f', 'up.pid', 'app.js'], { cwd })
  await first.line(/is ready/)
  first.proc.kill('SIGKILL')
  await first.exited
  await allGone(first.workers())
  const second = startUp(t, ['-p', '0', '-n', '1', '-f', 'up.pid', 'app.js'], { cwd })
  assert.equal(await get(await second.url()), 'hello')
  assert.equal(readFileSync(join(cwd, 'up.pid'), 'utf8'), `${second.pid}\n`)
})

test('A worker that dies is told with its reason, and replaced', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  const first = Number((await up.line(/worker (\d+) is ready/))[1])
  process.kill(first, 'SIGKILL')
  await up.line(new RegExp(`worker ${first} of .* died: it was ended by SIGKILL`))
  const second = Number((await up.line(/worker (\d+) is ready/))[1])
  assert.notEqual(second, first)
  assert.equal(isAlive(first), false)
})

test('With --no-keepalive a worker that dies is not replaced until a reload, and that is said', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const up = startUp(t, ['-p', '0', '-n', '1', '--no-keepalive', 'app.js'], { cwd })
  const url = await up.url()
  process.kill(Number((await up.line(/worker (\d+) is ready/))[1]), 'SIGKILL')
  await up.line(/died: it was ended by SIGKILL/)
  await up.line(/no worker is left, and none is started \(--no-keepalive\)/)
  const held = get(url)
  up.proc.kill('SIGUSR2')
  await up.line(/reloaded in/)
  assert.equal(await held, 'hello')
})

test('Requires are loaded first, and NODE_ENV is passed on', async t => {
  const cwd = tempFolder(t, { 'one.js': 'globalThis.word = "one"', 'two.mjs': 'globalThis.word += " two"' })
  write(cwd, 'app.js', 'module.exports = (req, res) => res.end(`${globalThis.word} ${process.env.NODE_ENV}`)')
  const args = ['-p', '0', '-r', './one.js', '--require', './two.mjs', 'app.js']
  const up = startUp(t, args, { cwd, env: { NODE_ENV: 'development' } })
  await up.line(/with 1 worker$/)
  assert.equal(await get(await up.url()), 'one two development')
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function hasIPv6(): Promise<boolean> {
  const server = createServer().listen(0, '::1')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
