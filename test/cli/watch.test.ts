import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appText, get } from '../helpers/cli-app.js'
import { startUp, type CliProcess } from '../helpers/cli-process.js'
import { tempFolder, write } from '../helpers/watch-folder.js'

/** Both have been said, in whichever order. */
async function watchingAndReady(up: CliProcess): Promise<void> {
  for (let i = 0; i < 2; i++) await up.line(/watching |is ready/)
}

test('With --watch a change reloads, and is named', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('old') })
  const up = startUp(t, ['-p', '0', '-n', '1', '--watch', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/watching /)
  assert.equal(await get(url), 'old')
  write(cwd, 'app.js', appText('new'))
  await up.line(/app\.js changed: reloading/)
  await up.line(/reloaded in .* generation 2/)
  assert.equal(await get(url), 'new')
  write(cwd, 'lib/more.json', '{}')
  await up.line(/lib\/more\.json changed: reloading/)
  await up.line(/reloaded in .* generation 3/)
})

test('With --watch a syntax error is shown, and the old code serves until it is mended', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('old') })
  const up = startUp(t, ['-p', '0', '-n', '1', '--watch', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/watching /)
  assert.equal(await get(url), 'old')
  write(cwd, 'app.js', 'const = 1')
  await up.line(/SyntaxError/)
  await up.line(/the reload failed, generation 1 keeps serving/)
  assert.equal(await get(url), 'old')
  write(cwd, 'app.js', appText('mended'))
  await up.line(/reloaded in .* generation 2/)
  assert.equal(await get(url), 'mended')
})

test('With --watch an app that fails at the first start is waited for', async t => {
  const cwd = tempFolder(t, { 'app.js': `throw new Error('boom')` })
  const up = startUp(t, ['-p', '0', '-n', '1', '--watch', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/Error: boom/)
  await up.line(/failed to start/)
  await up.line(/waiting for a change/)
  const held = get(url)
  write(cwd, 'app.js', appText('mended'))
  await up.line(/reloaded in/)
  assert.equal(await held, 'mended')
})

test('Failures that repeat while a change is waited for show their stack once', async t => {
  const cwd = tempFolder(t, { 'app.js': `throw new Error('boom')` })
  const up = startUp(t, ['-p', '0', '-n', '3', '--watch', 'app.js'], { cwd })
  await up.line(/failed in the same way \(2 times now\)/)
  await up.line(/failed in the same way \(8 times now\)/)
  assert.equal(up.lines.filter(line => line === 'Error: boom').length, 1)
  write(cwd, 'app.js', `throw new Error('other boom')`)
  await up.line(/Error: other boom/)
  await up.line(/the reload failed, nothing serves yet/)
})

test('With --watch a thousand changes in a burst give two reloads at most, the last change included', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('old') })
  const up = startUp(t, ['-p', '0', '-n', '1', '--watch', 'app.js'], { cwd })
  const url = await up.url()
  await up.line(/watching /)
  assert.equal(await get(url), 'old')
  for (let i = 0; i < 999; i++) write(cwd, `lib/f${i % 250}.js`, String(i))
  write(cwd, 'app.js', appText('last'))
  while ((await get(url)) !== 'last');
  // What is reloaded behind a further change comes after whatever the burst gave.
  write(cwd, 'app.js', appText('after'))
  while ((await get(url)) !== 'after');
  const reloads = up.lines.filter(line => line.endsWith(': reloading') || line.includes('once more'))
  assert.ok(reloads.length <= 3, `${reloads.length - 1} reloads for the burst:\n${up.lines.join('\n')}`)
})

test('With --watch a change during a reload gives one more', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('0') })
  const up = startUp(t, ['-p', '0', '-n', '1', '--watch', 'app.js'], { cwd })
  const url = await up.url()
  await watchingAndReady(up)
  const waiting = `while (!require('node:fs').existsSync('go')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)\n`
  write(cwd, 'app.js', waiting + appText('1'))
  await up.line(/app\.js changed: reloading/)
  write(cwd, 'app.js', appText('2'))
  write(cwd, 'go', '')
  await up.line(/reloaded in .* generation 2/)
  await up.line(/app\.js changed: reloading/)
  await up.line(/reloaded in .* generation 3/)
  assert.equal(await get(url), '2')
})

test('--ext adds extensions; what .gitignore names is left out', async t => {
  const cwd = tempFolder(t, {
    'app.js': appText('x'),
    '.gitignore': 'out/\n',
    'out/a.js': '1',
    'page.html': '1'
  })
  const up = startUp(t, ['-p', '0', '-n', '1', '-w', '--ext', 'html', 'app.js'], { cwd })
  await watchingAndReady(up)
  write(cwd, 'out/a.js', '2')
  write(cwd, 'page.txt', '2')
  write(cwd, 'page.html', '2')
  await up.line(/up: page\.html changed: reloading/)
  await up.line(/reloaded in .* generation 2/)
})

test('With --watch the module may be named without its extension', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('old') })
  const up = startUp(t, ['-p', '0', '-n', '1', '-w', './app'], { cwd })
  const url = await up.url()
  await watchingAndReady(up)
  write(cwd, 'app.js', appText('new'))
  await up.line(/reloaded in/)
  assert.equal(await get(url), 'new')
})

test('With --watch SIGTERM still ends it', async t => {
  const cwd = tempFolder(t, { 'app.js': appText('x') })
  const up = startUp(t, ['-p', '0', '-n', '1', '-w', 'app.js'], { cwd })
  await up.line(/watching /)
  up.proc.kill('SIGTERM')
  assert.equal(await up.exited, 0)
})
