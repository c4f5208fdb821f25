import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { appText, get } from '../../helpers/cli-app.js'
import { isAlive } from '../../helpers/cli-process.js'
import { yard } from '../../helpers/command.js'
import { call, EventReader } from '../../helpers/control.js'

test('up reload says how it goes for each worker, and exits with 0 when the new code serves', async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '2', '--name', 'shop', 'app.js'], 2)
  const url = await up.url()
  writeFileSync(join(cwd, 'app.js'), appText('new'))
  writeFileSync(join(cwd, 'package.json'), '{"version":"1.5.0"}')
  const { code, stderr } = await run('reload')
  assert.equal(code, 0, stderr)
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines[0], 'up: reloading shop: generation 1 (1.4.0) serves')
  for (const i of [1, 2])
    assert.match(
      stderr,
      new RegExp(`^up: worker \\d+ of generation 2 is ready after .* \\(${i} of 2\\)$`, 'm')
    )
  assert.match(lines.at(-1) ?? '', /^up: generation 2 \(1\.5\.0\) serves after [\d.]+ m?s$/)
  for (let i = 0; i < 4; i++) assert.equal(await get(url), 'new')
})

test("up reload exits with 1 and the app's own error when the new code does not start; the old serves on", async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  writeFileSync(join(cwd, 'app.js'), 'throw new TypeError("no such thing")')
  const { code, stdout, stderr } = await run('reload')
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(
    stderr,
    /^up: the reload failed: worker \d+ of .*app\.js failed to start: it exited with code 1$/m
  )
  assert.match(stderr, /^TypeError: no such thing$/m)
  assert.match(stderr, /^up: generation 1 \(1\.4\.0\) serves on\n$/m)
  assert.equal(await get(await up.url()), 'old')
})

test('up reload exits with 1 when the program is told to stop, or is killed, meanwhile', async t => {
  const { serve, run, cwd } = yard(t)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    writeFileSync(join(cwd, 'app.js'), appText('old'))
    const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
    writeFileSync(join(cwd, 'app.js'), 'setInterval(() => {}, 1000)')
    const reload = run('reload')
    await up.line(/the control API: reloading/)
    up.proc.kill(signal)
    const { code, stderr } = await reload
    assert.equal(code, 1, stderr)
    await up.exited
  }
})

test('A generation waits with up reload --standby or --canary, for up promote or up abort; up rollback brings one back', async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const url = await up.url()
  writeFileSync(join(cwd, 'app.js'), appText('new'))
  const standby = await run('reload', '--standby')
  assert.match(standby.stderr, /^up: generation 2 \(1\.4\.0\) waits for up promote, or up abort, after /m)
  assert.equal(standby.code, 0)
  assert.equal(await get(url), 'old')
  assert.match((await run('status')).stdout, /^ +2 +1\.4\.0 +\d+ +standing by /m)
  assert.match((await run('promote')).stderr, /^up: generation 2 \(1\.4\.0\) serves after /)
  assert.equal(await get(url), 'new')

  const canary = await run('reload', '--canary', '5%')
  assert.equal(canary.code, 0, canary.stderr)
  assert.match((await run('status')).stdout, /generation 3 \(1\.4\.0\) waits, with 5% of the clients/)
  assert.equal((await run('abort')).stderr, 'up: the generation that waited is gone\n')
  const again = await run('abort')
  assert.deepEqual(again, { code: 1, stdout: '', stderr: 'up: there is no waiting generation to abort\n' })
  assert.equal((await run('promote')).code, 1)

  writeFileSync(join(cwd, 'app.js'), appText('newer'))
  assert.equal((await run('reload', '--keep-previous')).code, 0)
  assert.equal(await get(url), 'newer')
  assert.match((await run('rollback')).stderr, /^up: generation \d+ \(1\.4\.0\) serves after /)
  assert.equal(await get(url), 'new')
})

test('up pause returns when nothing is in flight, up resume lets go what is held', async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const url = await up.url()
  assert.deepEqual(await run('pause'), {
    code: 0,
    stdout: '',
    stderr: 'up: requests are held, and nothing is in flight\n'
  })
  const held = get(url)
  const reader = await EventReader.open(t, join(cwd, 'run', 'up', 'shop.sock'))
  await reader.find('a request that is held', ({ type, data }) => type === 'status' && data['held'] === 1)
  assert.match((await run('status')).stdout, /^shop  paused  .*\n.*held 1 \(by pause\), the first for \ds/)
  assert.equal((await run('resume')).stderr, 'up: serving again, 1 request was held\n')
  assert.equal(await held, 'old')

  const slow = await fetch(`${url}/slow`)
  const pause = await run('pause', '--timeout', '100ms')
  assert.deepEqual(pause, {
    code: 1,
    stdout: '',
    stderr: 'up: requests are held, but 1 request did not end in time\n'
  })
  assert.deepEqual(await run('pause', '--no-wait'), {
    code: 0,
    stdout: '',
    stderr: 'up: requests are held\n'
  })
  writeFileSync(join(cwd, 'go'), '')
  assert.equal(await slow.text(), 'begun old')
  assert.equal((await run('pause', '--timeout', '0')).code, 0)
  assert.equal((await run('resume', '--rate', '10')).code, 0)
})

test('up resume says so when the hold file holds requests still, with exit code 1', async t => {
  const { serve, run } = yard(t)
  await serve(['-n', '1', '--name', 'shop', '--hold-file', 'balance', 'app.js'])
  const { code, stderr } = await run('resume')
  assert.deepEqual([code, stderr], [1, 'up: requests are still held, by hold-file\n'])
})

test('up scale changes the number of workers, up stop ends the program when what is in flight is done', async t => {
  const { serve, run, cwd } = yard(t)
  const up = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  assert.equal((await run('scale', '2 + 1')).stderr, 'up: 3 workers\n')
  assert.match((await run('status')).stdout, /generation 1 \(1\.4\.0\), 3 workers, /)
  const slow = await fetch(`${await up.url()}/slow`)
  const stop = run('stop')
  await up.line(/the control API: finishing 1 request/)
  assert.match((await run('status')).stdout, /^shop  stopping  /)
  writeFileSync(join(cwd, 'go'), '')
  assert.equal(await slow.text(), 'begun old')
  assert.deepEqual(await stop, { code: 0, stdout: '', stderr: 'up: shop has stopped\n' })
  assert.equal(isAlive(up.pid), false)
  assert.equal(await up.exited, 0)

  const other = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const begun = await run('stop', '--no-wait')
  assert.deepEqual(begun, { code: 0, stdout: '', stderr: 'up: shop is stopping\n' })
  assert.equal(await other.exited, 0)
})

test('up stop ends when another has taken the place of the one that it stopped', async t => {
  const { cwd, run } = yard(t)
  const ended = spawnSync(process.execPath, ['-e', '']).pid
  let pid = ended
  const server = createServer((req, res) => {
    if (req.method === 'POST') pid = process.pid
    res.end(JSON.stringify({ pid, name: 'shop' }))
  })
  await once(server.listen(join(cwd, 'c.sock')), 'listening')
  t.after(() => server.close())
  const { code, stderr } = await run('stop', '--control', 'c.sock')
  assert.deepEqual([code, stderr], [0, 'up: shop has stopped\n'])
})

test('up upstreams shows those of a proxy, and changes them', async t => {
  const { serve, run, folder } = yard(t)
  const app = await serve(['-n', '1', '--name', 'shop', 'app.js'])
  const { port } = new URL(await app.url())
  const { startUp } = await import('../../helpers/cli-process.js')
  const front = startUp(t, ['proxy', '-p', '0', '--name', 'front', 'unix:/nowhere.sock'], {
    env: { XDG_RUNTIME_DIR: join(folder, '..') }
  })
  const url = await front.url()
  assert.equal(
    (await run('upstreams', 'front', '--add', `127.0.0.1:${port}`)).stderr,
    `up: 127.0.0.1:${port} is added\n`
  )
  assert.equal(await get(url), 'old')
  const shown = await run('upstreams', 'front')
  assert.equal(shown.code, 0)
  assert.match(shown.stdout, /^front  running  proxy to 2 upstreams\n/)
  assert.match(shown.stdout, /^UPSTREAM +STATE +FOR +WEIGHT +IN-FLIGHT +REQUESTS +ERRORS +P99 +REASON$/m)
  const row = `^127\\.0\\.0\\.1:${port} +available +\\d+s +1 +0 +1 +0 +[\\d.]+ ms +-$`
  assert.match(shown.stdout, new RegExp(row, 'm'))
  const removed = await run('upstreams', 'front', '--remove', 'unix:/nowhere.sock')
  assert.equal(removed.stderr, 'up: unix:/nowhere.sock is removed\n')
  assert.equal((await run('upstreams', 'front', '--remove', 'unix:/nowhere.sock')).code, 2)
  const drained = await run('upstreams', 'front', '--drain', `127.0.0.1:${port}`, '--timeout', '20s')
  assert.deepEqual([drained.code, drained.stdout], [0, ''])
  assert.match((await run('reload', 'front')).stderr, /^up: the configuration serves after /)
  for (const command of ['promote', 'rollback', 'abort']) {
    const { code, stderr } = await run(command, 'front')
    assert.deepEqual([code, stderr], [1, 'up: up proxy starts no workers\n'])
  }
  assert.deepEqual(await run('upstreams', 'shop', '--add', '1'), {
    code: 1,
    stdout: '',
    stderr: 'up: only up proxy has upstreams that can be changed\n'
  })
  assert.equal((await call(join(folder, 'front.sock'), 'POST', '/stop')).status, 202)
  assert.equal(await front.exited, 0)
})
