import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { appText, get } from '../helpers/cli-app.js'
import { atEnd } from '../helpers/cli-cleanup.js'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { fetchOnce } from '../helpers/client.js'
import { startExternal } from '../helpers/external.js'
import { tempFolder } from '../helpers/watch-folder.js'

const FIXTURES = 'test/fixtures/cli-tls'

/** Starts `up proxy` on a free port of 127.0.0.1. */
function startProxy(t: TestContext, args: string[], cwd = tempFolder(t)): CliProcess {
  return startUp(t, ['proxy', '-p', '0', '--host', '127.0.0.1', ...args], { cwd })
}

async function portOf(up: CliProcess): Promise<number> {
  return Number(new URL(await up.url()).port)
}

test('It says where it forwards to and where it listens, and forwards to ports and socket paths', async t => {
  const cwd = tempFolder(t)
  const a = await startExternal(t, 'a')
  const b = await startExternal(t, 'b', join(cwd, 'b.sock'))
  const up = startProxy(t, [`127.0.0.1:${a.place}#weight=2`, 'unix:b.sock'], cwd)
  await up.line(new RegExp(`^up: proxying to 127\\.0\\.0\\.1:${a.place} \\(weight 2\\), unix:${b.place}$`))
  const [, url = '', pid] = await up.line(/^up: listening on (http:\/\/127\.0\.0\.1:\d+), pid (\d+)$/)
  assert.equal(Number(pid), up.pid)
  const bodies = [await get(url), await get(url), await get(url), await get(url)]
  assert.ok(bodies.includes('a') && bodies.includes('b'), bodies.join(' '))
  const posted = await fetch(`${url}/length`, { method: 'POST', body: 'x'.repeat(300_000) })
  assert.match(await posted.text(), /^[ab] POST 300000$/)
  const ws = new WebSocket(url.replace('http', 'ws'))
  atEnd(t, () => ws.terminate())
  await once(ws, 'open')
  ws.send('hello')
  assert.match(String(((await once(ws, 'message')) as [Buffer])[0]), /^[ab] hello$/)
})

test('What is served by up ./proxy, and wherever proxy is not the first word, is a module', async t => {
  const cwd = tempFolder(t, { 'proxy/index.js': appText('a module') })
  for (const args of [
    ['./proxy', '-p', '0', '-n', '1'],
    ['-p', '0', '-n', '1', 'proxy']
  ]) {
    const up = startUp(t, args, { cwd })
    assert.equal(await get(await up.url()), 'a module')
  }
})

test('An upstream that is not there yet is no error: requests wait for it', async t => {
  const cwd = tempFolder(t)
  const up = startProxy(t, ['unix:a.sock'], cwd)
  const port = await portOf(up)
  const first = fetchOnce(port)
  const posted = fetchOnce(port, '/length', { method: 'POST', body: 'x'.repeat(100_000) })
  const name = `unix:${join(cwd, 'a.sock')}`
  await up.line(new RegExp(`^up: ${name} is unavailable: it is missing$`))
  const a = await startExternal(t, 'a', join(cwd, 'a.sock'))
  assert.equal((await first).body, 'a')
  assert.equal((await posted).body, 'a POST 100000')
  await up.line(new RegExp(`^up: ${name} is available again$`))

  await a.kill()
  const held = fetchOnce(port)
  await up.line(new RegExp(`^up: ${name} is unavailable: cannot connect: connect ECONNREFUSED`))
  await startExternal(t, 'again', join(cwd, 'a.sock'))
  assert.equal((await held).body, 'again')
})

test('--health-path takes an upstream out and back in, which is told with the reason', async t => {
  const a = await startExternal(t, 'a')
  const health = [
    '--health-path',
    '/up',
    '--health-interval',
    '20ms',
    '--health-fails',
    '1',
    '--health-passes',
    '1'
  ]
  const up = startProxy(t, [...health, '--health-status', '204', `127.0.0.1:${a.place}`])
  const port = await portOf(up)
  await up.line(/ is unavailable: GET \/up was answered with 200$/)
  const held = fetchOnce(port)
  await a.tell(204)
  await up.line(/ is available again$/)
  assert.equal((await held).body, 'a')
})

test('--host-header says which Host an upstream gets, --no-via that Via is left alone', async t => {
  const a = await startExternal(t, 'a')
  const seen = async (...args: string[]): Promise<Record<string, string>> => {
    const up = startProxy(t, [...args, `127.0.0.1:${a.place}`])
    const { body } = await fetchOnce(await portOf(up), '/fields', { headers: { Host: 'example.org' } })
    return JSON.parse(body) as Record<string, string>
  }
  const usual = await seen()
  assert.equal(usual['host'], 'example.org')
  assert.equal(usual['via'], '1.1 up')
  const other = await seen('--host-header', 'upstream', '--no-via')
  assert.equal(other['host'], `127.0.0.1:${a.place}`)
  assert.equal(other['via'], undefined)
})

test('Whoever waits for longer than --hold-timeout gets 503', async t => {
  const up = startProxy(t, ['--hold-timeout', '100ms', 'unix:none.sock'])
  assert.equal((await fetchOnce(await portOf(up))).status, 503)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} accepts no more, finishes what is in flight and exits with 0`, async t => {
    const cwd = tempFolder(t)
    const a = await startExternal(t, 'a')
    const up = startProxy(t, ['-f', 'up.pid', `127.0.0.1:${a.place}`], cwd)
    const port = await portOf(up)
    const told = a.waiting()
    const slow = fetchOnce(port, '/wait')
    await told
    up.proc.kill(signal)
    await up.line(new RegExp(`${signal}: finishing 1 request, then exiting`))
    await assert.rejects(fetchOnce(port))
    await a.tell('answer')
    assert.equal((await slow).body, 'a waited')
    await up.line(/stopped/)
    assert.equal(await up.exited, 0)
    assert.equal(existsSync(join(cwd, 'up.pid')), false)
    assert.doesNotMatch(up.lines.join('\n'), /unavailable/)
  })
}

test('A second SIGTERM exits at once with 1, and leaves no pid file and the upstream alone', async t => {
  const cwd = tempFolder(t)
  const a = await startExternal(t, 'a')
  const up = startProxy(t, ['-f', 'up.pid', `127.0.0.1:${a.place}`], cwd)
  const told = a.waiting()
  const slow = assert.rejects(fetchOnce(await portOf(up), '/wait'))
  await told
  up.proc.kill('SIGTERM')
  await up.line(/SIGTERM: finishing 1 request/)
  // At once it would be the same one.
  await delay(250)
  up.proc.kill('SIGTERM')
  await up.line(/SIGTERM: exiting at once/)
  assert.equal(await up.exited, 1)
  await slow
  assert.equal(existsSync(join(cwd, 'up.pid')), false)
  assert.equal((await fetchOnce(Number(a.place))).body, 'a')
})

test('What is in flight when --timeout is over after SIGTERM is cut off', async t => {
  const a = await startExternal(t, 'a')
  const up = startProxy(t, ['--timeout', '50ms', `127.0.0.1:${a.place}`])
  const told = a.waiting()
  const slow = assert.rejects(fetchOnce(await portOf(up), '/wait'))
  await told
  up.proc.kill('SIGTERM')
  await slow
  assert.equal(await up.exited, 0)
})

test('SIGTERM while requests are held refuses them with 503 and exits with 0', async t => {
  const up = startProxy(t, ['unix:none.sock'])
  const held = fetchOnce(await portOf(up))
  await up.line(/is unavailable/)
  up.proc.kill('SIGTERM')
  assert.equal((await held).status, 503)
  assert.equal(await up.exited, 0)
})

for (const signal of ['SIGUSR2', 'SIGHUP'] as const) {
  test(`${signal} reloads, also without a configuration file, and ends nothing`, async t => {
    const a = await startExternal(t, 'a')
    const up = startProxy(t, [`127.0.0.1:${a.place}`])
    const port = await portOf(up)
    up.proc.kill(signal)
    await up.line(new RegExp(`^up: ${signal}: reloading$`))
    await up.line(new RegExp(`^up: reloaded in \\d+ ms: proxying to 127\\.0\\.0\\.1:${a.place}$`))
    assert.equal((await fetchOnce(port)).body, 'a')
  })
}

test('The pid file of a proxy is refused to a second up, also with a title', async t => {
  const cwd = tempFolder(t)
  const up = startProxy(t, ['-f', 'up.pid', '-T', 'shop', '2000'], cwd)
  await up.url()
  assert.equal(readFileSync(join(cwd, 'up.pid'), 'utf8'), `${up.pid}\n`)
  if (existsSync('/proc/self/cmdline'))
    assert.match(readFileSync(`/proc/${up.pid}/cmdline`, 'utf8'), /^shop proxy\0*$/)
  const second = startProxy(t, ['-f', 'up.pid', '2000'], cwd)
  assert.equal(await second.exited, 1)
  assert.deepEqual(second.lines, [
    `up: the pid file ${join(cwd, 'up.pid')} belongs to another up that is running, with pid ${up.pid}`
  ])
})

test('A wrong command line gives one line on stderr and exit code 2', async t => {
  const cases: [string[], RegExp][] = [
    [['--health-path', 'up', '2000'], /^up: --health-path is "up", but must be a path such as/],
    [['--hold-response', 'none', '2000'], /^up: --hold-response is "none", but must be a text file/],
    [['app.js'], /^up: <upstream> is "app\.js", but must be a port/],
    [[], /^up: missing required argument 'upstream', and no configuration file names any$/],
    [['-n', '2', '2000'], /^up: unknown option '-n'/]
  ]
  for (const [args, expected] of cases) {
    const up = startProxy(t, args)
    assert.equal(await up.exited, 2, args.join(' '))
    assert.equal(up.lines.length, 1, up.lines.join('\n'))
    assert.match(up.lines[0] ?? '', expected)
  }
})

test('A port that is taken gives one line and exit code 1, and no pid file', async t => {
  const cwd = tempFolder(t)
  const a = await startExternal(t, 'a')
  const up = startUp(t, ['proxy', '--host', '127.0.0.1', '-p', a.place, '-f', 'up.pid', '2000'], { cwd })
  assert.equal(await up.exited, 1)
  assert.deepEqual(up.lines, [
    `up: cannot listen on 127.0.0.1 port ${a.place}: the port is taken by another process (EADDRINUSE)`
  ])
  assert.equal(existsSync(join(cwd, 'up.pid')), false)
})

test('With a certificate it serves HTTPS, and SIGUSR2 has the certificate looked at', async t => {
  const a = await startExternal(t, 'a')
  const files = ['--tls-cert', resolve(FIXTURES, 'cert.pem'), '--tls-key', resolve(FIXTURES, 'key.pem')]
  const up = startProxy(t, [...files, `127.0.0.1:${a.place}`])
  const url = await up.url()
  assert.match(url, /^https:/)
  const fields = JSON.parse(await getTls(`${url}/fields`)) as Record<string, string>
  assert.equal(fields['x-forwarded-proto'], 'https')
  up.proc.kill('SIGUSR2')
  await up.line(/reloaded in/)
})

function getTls(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      ca: readFileSync(`${FIXTURES}/cert.pem`),
      agent: false as const,
      servername: 'localhost'
    }
    request(url, options, response => text(response).then(resolve, reject))
      .on('error', reject)
      .end()
  })
}
