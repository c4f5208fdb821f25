import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { appText, get } from '../helpers/cli-app.js'
import { allGone, startUp } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

/** A signal that comes so much later, in milliseconds, is another one. */
const ANOTHER_MS = 250

for (const signal of ['SIGUSR2', 'SIGHUP'] as const) {
  test(`${signal} reloads: new code serves, and its generation, version and duration are told`, async t => {
    const cwd = tempFolder(t, { 'app.js': appText('old'), 'package.json': '{"version":"1.4.0"}' })
    const up = startUp(t, ['-p', '0', '-n', '2', 'app.js'], { cwd })
    const url = await up.url()
    assert.equal(await get(url), 'old')
    write(cwd, 'app.js', appText('new'))
    write(cwd, 'package.json', '{"version":"1.5.0"}')
    up.proc.kill(signal)
    await up.line(new RegExp(`${signal}: reloading`))
    await up.line(/reloaded in [\d.]+ m?s: generation 2, version 1\.4\.0 -> 1\.5\.0$/)
    assert.equal(await get(url), 'new')
  })
}

test('A reload that fails is told with the error of the app, and the old generation keeps serving', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('old') })
  const up = startUp(t, ['-p', '0', '-n', '2', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/is ready/)
  await up.line(/is ready/)
  write(cwd, 'app.js', `throw new TypeError('no such thing')`)
  for (let attempt = 1; attempt <= 2; attempt++) {
    up.proc.kill('SIGUSR2')
    await up.line(/TypeError: no such thing/)
    await up.line(/worker \d+ of .*app\.js failed to start: it exited with code 1/)
    await up.line(/the reload failed, generation 1 keeps serving$/)
    assert.equal(await get(url), 'old')
  }
  write(cwd, 'app.js', appText('mended'))
  up.proc.kill('SIGUSR2')
  await up.line(/reloaded in .* generation 2/)
  assert.equal(await get(url), 'mended')
})

test('Reloads that are asked for during one give one more, which has the last change', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('0') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/is ready/)
  // Loading takes until the file `go` is there, so that the reload is surely still running.
  const waiting = `while (!require('node:fs').existsSync('go')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)\n`
  write(cwd, 'app.js', waiting + appText('1'))
  up.proc.kill('SIGUSR2')
  await up.line(/SIGUSR2: reloading$/)
  for (let i = 2; i <= 4; i++) {
    up.proc.kill('SIGUSR2')
    await up.line(/SIGUSR2: reloading once more after this reload/)
  }
  write(cwd, 'app.js', appText('last'))
  write(cwd, 'go', '')
  await up.line(/reloaded in .* generation 2/)
  await up.line(/reloaded in .* generation 3/)
  assert.equal(await get(url), 'last')
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
  assert.equal(up.lines.filter(line => line.includes('reloaded in')).length, 2)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} accepts no more, finishes what is in flight and exits with 0`, async t => {
    const cwd = tempFolder(t, { 'app.js': appText('done') })
    const up = startUp(t, ['-p', '0', '-n', '2', '-f', 'up.pid', 'app.js'], { cwd })
    const url = await up.url()
    const response = await fetch(`${url}/slow`)
    up.proc.kill(signal)
    await up.line(new RegExp(`${signal}: finishing 1 request, then exiting`))
    await assert.rejects(get(url))
    write(cwd, 'go', '')
    assert.equal(await response.text(), 'begun done')
    await up.line(/stopped/)
    assert.equal(await up.exited, 0)
    assert.equal(existsSync(join(cwd, 'up.pid')), false)
    await allGone(up.workers(), 0)
  })
}

test('Signals that come at the same time are one, as from a program that sends its own to a whole group', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('done') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  const response = await fetch(`${await up.url()}/slow`)
  up.proc.kill('SIGTERM')
  up.proc.kill('SIGINT')
  await up.line(/finishing 1 request/)
  write(cwd, 'go', '')
  assert.equal(await response.text(), 'begun done')
  assert.equal(await up.exited, 0)
})

test('A second SIGTERM exits at once with 1, and leaves no worker and no pid file', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('done') })
  const up = startUp(t, ['-p', '0', '-n', '2', '-f', 'up.pid', 'app.js'], { cwd })
  const response = await fetch(`${await up.url()}/slow`)
  up.proc.kill('SIGTERM')
  await up.line(/SIGTERM: finishing 1 request/)
  await delay(ANOTHER_MS)
  up.proc.kill('SIGTERM')
  await assert.rejects(response.text())
  assert.equal(await up.exited, 1)
  assert.equal(existsSync(join(cwd, 'up.pid')), false)
  await allGone(up.workers(), 1000)
})

test('A second signal ends workers that are busy or stopped as well', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('done') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  const response = await fetch(`${await up.url()}/slow`)
  // Its own line may come after its answer; and 0 would be all of us.
  const worker = Number((await up.line(/worker (\d+) is ready/))[1])
  assert.ok(worker > 0)
  process.kill(worker, 'SIGSTOP')
  up.proc.kill('SIGINT')
  await up.line(/SIGINT: finishing 1 request/)
  await delay(ANOTHER_MS)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 1)
  await assert.rejects(response.text())
  await allGone([worker], 1000)
})

test('SIGTERM during a reload wins', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('old') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  await up.line(/is ready/)
  write(
    cwd,
    'app.js',
    'setInterval(() => {}, 1000); module.exports = { listen: () => new Promise(() => {}) }'
  )
  up.proc.kill('SIGUSR2')
  await up.line(/SIGUSR2: reloading/)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
  assert.doesNotMatch(up.lines.join('\n'), /failed/)
})

test('SIGTERM before any worker is ready exits with 0', async t => {
  const cwd = tempFolder(t, { 'app.js': 'module.exports = { listen: () => new Promise(() => {}) }' })
  const up = startUp(t, ['-p', '0', '-n', '2', 'app.js'], { cwd })
  await up.url()
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
})

test('A reader of its output that goes away does not end it', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/worker \d+ is ready/)
  up.proc.stderr?.destroy()
  up.proc.stdout?.destroy()
  const before = await get(`${url}/pid`)
  up.proc.kill('SIGUSR2')
  while ((await get(`${url}/pid`)) === before);
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
})

test('What the app writes is passed on', async t => {
  const cwd = tempFolder(t, {
    'app.js': `console.log('to stdout'); console.error('to stderr')\n${appText('x')}`
  })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], { cwd })
  await up.line(/is ready/)
  for (const text of ['to stdout', 'to stderr']) assert.ok(up.lines.includes(text), text)
})

test('Without a terminal there is no colour, and stdin is not read', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('hello') })
  const up = startUp(t, ['-p', '0', '-n', '1', 'app.js'], {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { TERM: 'xterm' }
  })
  let raw = ''
  up.proc.stderr?.on('data', (text: string) => (raw += text))
  await up.line(/is ready/)
  up.proc.stdin?.end('r\x12\x03')
  up.proc.kill('SIGUSR2')
  await up.line(/reloaded in .* generation 2/)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
  assert.doesNotMatch(raw, /\x1b/)
  assert.equal(up.lines.filter(line => line.includes('reloaded in')).length, 1)
})
